"""The verb `models`."""

import argparse
import json
from dataclasses import asdict, dataclass

from deep_perception.cli.tables import print_table
from deep_perception.errors import ConfigError, unknown
from deep_perception.models import MODELS, Family, build_network
from deep_perception.models.store import NamedWeights, Store
from deep_perception.models.unallocated import count_parameters, unallocated
from deep_perception.tasks import TASKS

EXAMPLE = """example:
  deep_perception models --task detection
  deep_perception models --json | jq -r '.[] | select(.parameters < 5e6) | .name'"""


@dataclass(frozen=True)
class _Row:
    name: str
    task: str
    parameters: int
    weights: list[str]
    """Names that `weights` takes, the default first."""
    cached: list[str]
    """Those of them that are here already."""
    licence: str
    weights_licence: str
    source: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--task", metavar="TASK", help=f"only this task: {', '.join(TASKS)}")
    parser.add_argument("--json", action="store_true", help="print a JSON list, with all that is known")


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    if arguments.task is not None and arguments.task not in TASKS:
        raise ConfigError(unknown("task", arguments.task, TASKS))
    store = Store()
    families = [family for family in MODELS if arguments.task in (None, family.task)]
    rows = [_row(family, name, store) for family in families for name in family.names]
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    print_table(
        ("name", "task", "parameters", "weights (* = here)", "licence of code / weights"),
        [(r.name, r.task, r.parameters, _starred(r), f"{r.licence} / {r.weights_licence or '-'}") for r in rows],
    )
    return 0


def _row(family: Family, name: str, store: Store) -> _Row:
    with unallocated():
        parameters = count_parameters(build_network(name))
    known: tuple[NamedWeights, ...] = family.weights(name)
    return _Row(
        name=name,
        task=family.task,
        parameters=parameters,
        weights=[weights.name for weights in known],
        cached=[weights.name for weights in known if store.has(weights)],
        licence=family.licence,
        weights_licence=", ".join(dict.fromkeys(weights.licence for weights in known)),
        source=family.source,
    )


def _starred(row: _Row) -> str:
    return ", ".join(f"{name}*" if name in row.cached else name for name in row.weights) or "-"
