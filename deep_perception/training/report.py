"""RUN/report.html: everything about a training on one page, for people."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from deep_perception.data.media import read_image
from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import InputError, StorageError
from deep_perception.evaluation.proof import Proof
from deep_perception.training.comparison import EXAMPLES, KINDS, jpeg
from deep_perception.training.report_page import Comparison, Evidence, page
from deep_perception.training.run_folder import (
    CONFIG,
    CURVES,
    GRADIENTS,
    HISTORY,
    OVERFIT,
    PROOF,
    RATE,
    RATE_PLOT,
    REPORT,
    SHEET,
    TRANSFER,
    RunFolder,
)


def write_report(run: Path) -> Path:
    """Write RUN/report.html from what the other files of RUN say; raise InputError or StorageError."""
    if not run.is_dir():
        raise InputError(f"{run} is no folder, expected that of a training")
    text, path = page(_evidence(RunFolder(run))), run / REPORT
    with in_words(f"cannot write '{path}'", StorageError), written_aside(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _evidence(run: RunFolder) -> Evidence:
    files = (CONFIG, TRANSFER, OVERFIT, RATE, GRADIENTS, PROOF)
    config, transfer, overfit, rate, gradients, said = (run.read(name) if run.has(name) else {} for name in files)
    curves, rate_plot = ((run.path / name).read_bytes() if run.has(name) else b"" for name in (CURVES, RATE_PLOT))
    return Evidence(
        folder=str(run.path),
        config=config,
        transfer=transfer,
        overfit=overfit,
        rate=rate,
        gradients=gradients.get("findings", ()),
        history=_history(run),
        proof=read_proof(run) if said else None,
        old=" with weights ".join(str(said[name]) for name in ("old_model", "old_weights") if said.get(name)),
        curves=curves,
        rate_plot=rate_plot,
        sheet=jpeg(read_image(run.path / SHEET)) if run.has(SHEET) else b"",  # a PNG file of photos is large
        comparisons=tuple(_comparisons(run.path / EXAMPLES)),
    )


def read_proof(run: RunFolder) -> Proof:
    """Return what a finished training proved; raise InputError where that is damaged."""
    try:
        return Proof.from_json(run.read(PROOF))
    except (KeyError, TypeError) as err:
        raise InputError(f"{run.path / PROOF} is damaged ({err!r}). Train anew, into another folder") from err


def _history(run: RunFolder) -> list[Mapping[str, float]]:
    lines = (run.path / HISTORY).read_text(encoding="utf-8").splitlines() if run.has(HISTORY) else ()
    return [json.loads(line) for line in lines]


def _comparisons(folder: Path) -> Iterator[Comparison]:
    """Yield what was saved of each test picture."""
    for truth in sorted(folder.glob(f"*_{KINDS[0]}.jpg")):
        name = truth.stem.removesuffix(f"_{KINDS[0]}")
        files = {kind: folder / f"{name}_{kind}.jpg" for kind in KINDS}
        yield Comparison(name, [(kind, file.read_bytes()) for kind, file in files.items() if file.is_file()])
