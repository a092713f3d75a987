"""The verb `dataset`: one file an action."""

import argparse

from deep_perception.cli.dataset import export_to, extract, import_from, info, merge, split, verify

ACTIONS = {
    "info": info,
    "verify": verify,
    "split": split,
    "merge": merge,
    "extract": extract,
    "import": import_from,
    "export": export_to,
}

UNTOUCHED, BEGUN = "{out} is left as it was", "{out} holds what was added so far. The same command adds the rest"
LEFT = {"merge": UNTOUCHED, "export": UNTOUCHED, "import": BEGUN, "extract": BEGUN}
"""What Ctrl-C leaves behind."""

EXAMPLE = """A data set is a folder: images/, masks/, manifest.jsonl and labels.json.

example:
  deep_perception dataset import coco photos/ DATASET
  deep_perception dataset verify DATASET
  deep_perception dataset split DATASET
  deep_perception dataset ACTION --help"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, module in ACTIONS.items():
        action = actions.add_parser(
            name,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            epilog=module.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(action)


def run(arguments: argparse.Namespace) -> int:
    """Do the action."""
    try:
        return ACTIONS[arguments.action].run(arguments)
    except KeyboardInterrupt:
        if arguments.action in LEFT:
            print(f"stopped. {LEFT[arguments.action].format(out=arguments.out)}")
        raise
