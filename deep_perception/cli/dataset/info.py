"""`dataset info`."""

import argparse
import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path

from deep_perception.cli.tables import print_table
from deep_perception.data.dataset import Dataset
from deep_perception.data.information import Information, information

HELP = "say what is in a data set"
EXAMPLE = """example:
  deep_perception dataset info DATASET --json"""

NAMED = 6
"""How many recordings or cameras are named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("dataset", metavar="DATASET", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Count and print."""
    found = information(Dataset.open(arguments.dataset))
    if arguments.json:
        print(json.dumps(asdict(found), indent=1))
        return 0
    print("\n".join(_lines(found)))
    if found.classes:
        print()
        columns = ("kind", "class", "pictures", "by people", "by a model")
        print_table(columns, [(one.kind, one.name, one.pictures, one.by_human, one.by_model) for one in found.classes])
    return 0


def _lines(found: Information) -> list[str]:
    lines = [f"{found.folder}: {found.pictures} pictures, {found.bytes / 1e6:.1f} MB"]
    if found.first_ns is not None and found.last_ns is not None:
        lasts = dt.timedelta(seconds=round((found.last_ns - found.first_ns) / 1e9))
        lines.append(f"time        {_time(found.first_ns)} to {_time(found.last_ns)} ({lasts})")
    for name, values in (("recordings", found.recordings), ("cameras", found.cameras)):
        if values:
            more = ", ..." if len(values) > NAMED else ""
            lines.append(f"{name:<12}{len(values)}: {', '.join(values[:NAMED])}{more}")
    lines.append(f"{'labelled':<12}{', '.join(f'{count} {kind}' for kind, count in found.labelled.items())}")
    return [*lines, f"{'split':<12}{_split(found)}"]


def _split(found: Information) -> str:
    if found.parts is None:
        return f"none. Split it: deep_perception dataset split {found.folder}"
    rest = f"; {found.in_no_part} in no part" if found.in_no_part else ""
    return ", ".join(f"{count} {part}" for part, count in found.parts.items()) + rest


def _time(stamp_ns: int) -> str:
    return dt.datetime.fromtimestamp(stamp_ns / 1e9, dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
