"""The verb `weights`."""

import argparse
import json
import sys
from pathlib import Path

from deep_perception.cli.tables import print_table
from deep_perception.errors import WeightsError
from deep_perception.models import MODELS, named_weights
from deep_perception.models.archive import pack, unpack
from deep_perception.models.download import Progress
from deep_perception.models.files import sha256_of
from deep_perception.models.store import NamedWeights, Store

EXAMPLE = """NAME is a model (its recommended weights) or MODEL:WEIGHTS.

example, with network:
  deep_perception weights fetch resnet50 fcos_resnet50_fpn:COCO_V1
example, for a robot without network:
  deep_perception weights pack resnet50 -o weights.tar      (on a machine with network)
  deep_perception weights unpack weights.tar                (on the robot)

DEEP_PERCEPTION_CACHE sets the folder of the cache; DEEP_PERCEPTION_MIRROR an https:// or file:// folder
that holds the same files, to fetch from in place of their publishers."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show all published weights and which are here")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    fetch = actions.add_parser("fetch", help="download weights and check their sha256")
    fetch.add_argument("names", metavar="NAME", nargs="+", type=_named)
    packing = actions.add_parser("pack", help="write weights that are here into one file")
    packing.add_argument("names", metavar="NAME", nargs="+", type=_named)
    packing.add_argument("-o", "--out", metavar="FILE", type=Path, required=True, help="archive to write")
    unpacking = actions.add_parser("unpack", help="put the weights of an archive into the cache")
    unpacking.add_argument("archive", metavar="FILE", type=Path)
    actions.add_parser("verify", help="check the sha256 of every file that is here")
    actions.add_parser("path", help="print the folder of the cache")


def run(arguments: argparse.Namespace) -> int:
    """Do the action."""
    store = Store()
    if arguments.action == "list":
        return _list(store, arguments.json)
    if arguments.action == "fetch":
        return _fetch(store, arguments.names)
    if arguments.action == "pack":
        packed = pack(store, arguments.names, arguments.out)
        print(f"{arguments.out}: {', '.join(packed)}")
        return 0
    if arguments.action == "unpack":
        print("\n".join(f"{store.folder / name}" for name in unpack(store, arguments.archive)))
        return 0
    if arguments.action == "verify":
        return _verify(store)
    print(store.folder)
    return 0


def _named(text: str) -> NamedWeights:
    model, _, weights = text.partition(":")
    return named_weights(model, weights or "default")


def _all_weights() -> list[NamedWeights]:
    return [weights for family in MODELS for name in family.names for weights in family.weights(name)]


def _list(store: Store, as_json: bool) -> int:
    known = _all_weights()
    if as_json:
        keys = ("full_name", "url", "sha256", "licence", "metrics")
        print(json.dumps([{k: getattr(w, k) for k in keys} | {"cached": store.has(w)} for w in known], indent=1))
        return 0
    print_table(
        ("name", "here", "classes", "licence", "file"),
        [(w.full_name, "yes" if store.has(w) else "-", len(w.labels), w.licence, w.file_name) for w in known],
    )
    return 0


def _fetch(store: Store, names: list[NamedWeights]) -> int:
    for weights in names:
        if weights.packaged:
            print(store.require(weights, consent=False))
            continue
        with _Bar(weights.file_name) as progress:
            path = store.fetch(weights, progress)
        print(path)
    return 0


def _verify(store: Store) -> int:
    """Check every file, also after a bad one; the exit code tells whether one was bad."""
    here = {store.path(weights): weights for weights in _all_weights() if store.has(weights)}
    bad = 0
    for path, weights in here.items():
        try:
            store.verified(weights)
            print(f"OK    {sha256_of(path)[:16]}  {path}")
        except WeightsError as err:
            bad += 1
            print(f"FAIL  {err}")
    print(f"{len(here) - bad} of {len(here)} files are whole")
    return 1 if bad else 0


class _Bar:
    """Progress on stderr: a bar on a terminal, nothing but the result elsewhere."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._task = self._bar.add_task(name, total=None)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return lambda done, total: self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
