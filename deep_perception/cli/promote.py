"""deep_perception promote: give a running node the model of a training, if it was proved to be better."""

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deep_perception.cli.swapping import add_common_arguments, named, running, swap
from deep_perception.errors import InputError, ModelError, StorageError
from deep_perception.evaluation.proof import Proof
from deep_perception.models import checkpoint
from deep_perception.models.table import find
from deep_perception.runtime.ledger import PROMOTED, Entry, Ledger, Running
from deep_perception.training.worse import worse_classes

EXAMPLE = """examples:
  deep_perception promote runs/mug --node /detector
  deep_perception rollback --node /detector
  deep_perception ledger"""

MODEL, PROOF = "model.safetensors", "proof.json"
BETTER = "better"
HASH = 12


@dataclass(frozen=True)
class Candidate:
    """What a training left behind."""

    run: Path
    name: str
    labels: tuple[str, ...]
    sha256: str
    verdict: str
    sentence: str
    worse: str
    """Which classes got worse by how much; empty: none did."""
    compared_with: str
    """How a node names the model that it was compared with; empty: with none."""

    @property
    def method(self) -> str:
        """How a node that runs it will name it."""
        return f"{self.name} {self.sha256[:HASH]}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished training")
    add_common_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check the proof, swap the node's model and write it into the ledger."""
    candidate, ledger = read(arguments.run), Ledger(arguments.ledger)
    before = running(arguments)
    if doubts := objections(candidate, before):
        if not arguments.force:
            raise InputError(f"not promoted: {'; '.join(doubts)}. --force does it all the same")
        print("\n".join(f"forced although {doubt}" for doubt in doubts))
    weights = keep(candidate, ledger)
    after = swap(arguments, {"model": candidate.name, "weights": str(weights), "labels": "", "scale": 0})
    if after.method != candidate.method:
        raise ModelError(f"{named(arguments)} answers with {after.method}, expected {candidate.method}")
    ledger.append(
        Entry(named(arguments), PROMOTED, before, after, str(candidate.run), candidate.sentence, bool(doubts))
    )
    _tell(named(arguments), candidate, before, after)
    return 0


def read(folder: Path) -> Candidate:
    """Read what a training left behind; raise InputError where it is not finished or damaged."""
    for name in (MODEL, PROOF):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder} holds no {name}, expected the folder of a finished training. Resume it, or see DIR"
            )
    weights = checkpoint.load(folder / MODEL)
    try:
        proof: dict[str, Any] = json.loads((folder / PROOF).read_text(encoding="utf-8"))
        verdict, sentence = str(proof["verdict"]), str(proof["sentence"])
        worse = worse_classes(Proof.from_json(proof)) if proof.get("per_class") else ""
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(f"{folder / PROOF} is damaged ({err!r}). Train again, or see report.html") from err
    if weights.model is None:
        raise InputError(f"{folder / MODEL} does not say which network it is for, expected what train writes")
    if proof.get("new_identity") not in (None, weights.sha256):
        raise InputError(f"{folder / MODEL} is not the model that {PROOF} judged: the file was changed since")
    old = f"{proof.get('old_model')} {str(proof['old_identity'])[:HASH]}" if proof.get("old_identity") else ""
    known = weights.labels or ()
    return Candidate(folder.resolve(), weights.model, known, weights.sha256, verdict, sentence, worse, old)


def objections(candidate: Candidate, before: Running) -> list[str]:
    """Say what speaks against it."""
    doubts = []
    if candidate.verdict != BETTER:
        doubts.append(f"the test split says: {candidate.sentence}")
    elif candidate.compared_with != before.method:
        doubts.append(
            f"it was compared with {candidate.compared_with or 'nothing'}, but the node runs {before.method}; "
            "train with --replaces set to those weights"
        )
    new, old = find(candidate.name).task, find(before.method.split()[0]).task
    if new != old:
        doubts.append(f"it is for {new}, but the node does {old}")
    if lost := [name for name in before.classes if name not in candidate.labels]:
        raise InputError(f"the node's parameter classes asks for {', '.join(lost)}, which this model does not know")
    return doubts


def keep(candidate: Candidate, ledger: Ledger) -> Path:
    """Copy the weights beside the ledger, so that the way back stays open whatever becomes of the run."""
    place = ledger.path.resolve().parent / "models" / f"{candidate.name}-{candidate.sha256[:HASH]}.safetensors"
    part = place.with_suffix(".part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(candidate.run / MODEL, part)
        part.replace(place)
    except OSError as err:
        raise StorageError(f"{place}: cannot keep the weights ({err.strerror}). Name another place: --ledger") from err
    return place


def _tell(node: str, candidate: Candidate, before: Running, after: Running) -> None:
    print(f"{node} now answers with {after.method} (before: {before.method}), database_version {after.version}.")
    print(", ".join(filter(None, (candidate.sentence, candidate.worse))))
    if before.classes:
        print(f"note: its parameter classes keeps only {', '.join(before.classes)}")
    print(f"After a restart it begins as it was launched; to keep this one: weights:={after.weights}")
    print(f"The way back: deep_perception rollback --node {node}")
