"""deep_perception ledger: which model ran in which node, when and why."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from deep_perception.cli.tables import print_table
from deep_perception.runtime.ledger import Entry, Ledger

EXAMPLE = """example:
  deep_perception ledger --node /detector"""

COLUMNS = ("time", "node", "what", "model", "instead of", "why")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("--node", default="", metavar="/NAME", help="only this node")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="the file (default: in ~/.local/state)")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(arguments: argparse.Namespace) -> int:
    """Print what happened, oldest first."""
    ledger = Ledger(arguments.ledger)
    entries = ledger.entries(f"/{arguments.node.strip('/')}" if arguments.node else "")
    if arguments.json:
        print(json.dumps([asdict(entry) for entry in entries], indent=1))
    elif entries:
        print_table(COLUMNS, [_row(entry) for entry in entries])
    else:
        print(f"{ledger.path}: nothing was promoted yet")
    return 0


def _row(entry: Entry) -> list[object]:
    forced = "forced; " if entry.forced else ""
    return [entry.time, entry.node, entry.action, entry.after.method, entry.before.method, forced + entry.verdict]
