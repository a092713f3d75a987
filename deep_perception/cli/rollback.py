"""deep_perception rollback: give a running node the model back that it had before the last promotion."""

import argparse

from deep_perception.cli.swapping import add_common_arguments, named, running, swap
from deep_perception.errors import InputError
from deep_perception.runtime.ledger import ROLLED_BACK, Entry, Ledger

EXAMPLE = """example:
  deep_perception rollback --node /detector"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    add_common_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Undo the last promotion of this node that stands."""
    ledger, node = Ledger(arguments.ledger), named(arguments)
    last = ledger.to_undo(node)
    if last is None:
        known = ", ".join(sorted({entry.node for entry in ledger.entries()})) or "none"
        raise InputError(f"{ledger.path} knows no promotion of {node} to take back. Nodes in it: {known}")
    before = running(arguments)
    if before.method != last.after.method and not arguments.force:
        raise InputError(
            f"{node} runs {before.method}, not {last.after.method}, which the ledger promoted: it was restarted, "
            "or changed by hand. --force goes back all the same"
        )
    old = last.before
    after = swap(arguments, {"model": old.model, "weights": old.weights, "labels": old.labels, "scale": old.scale})
    ledger.append(Entry(node, ROLLED_BACK, before, after, last.run, forced=arguments.force))
    print(f"{node} answers with {after.method} again (before: {before.method}), database_version {after.version}.")
    if after.method != old.method:
        print(f"note: it was {old.method} then; the file {old.weights} has changed since")
    return 0
