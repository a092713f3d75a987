"""The command `deep_perception`: one file a verb, imported only when it is asked for."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from deep_perception import __version__
from deep_perception.errors import ConfigError, DeepPerceptionError, unknown

PROGRAM = "deep_perception"

VERBS = {
    "models": "list the networks, their size and their weights",
    "summary": "show a network layer by layer: sizes, parameters, multiply-adds, receptive fields",
    "predict": "run a model on photos, folders, videos and bags",
    "weights": "fetch, check, pack and unpack published weights",
    "dataset": "look into, check, split, merge and convert data sets",
    "train": "fine-tune a model on a data set, and prove whether it got better",
    "evaluate": "score a model, or what a robot published, on recordings: figures and a report",
    "promote": "give a running node the model of a training that proved better",
    "rollback": "give a running node its earlier model back",
    "ledger": "show which model ran in which node, when and why",
    "doctor": "check this machine and its ROS, and say what to mend",
    "run": "run the perception node, a container or the collector, where there is no `ros2 run`",
    "play": "publish a recording again, where there is no `ros2 bag`",
    "record": "keep what robots say in a recording, where there is no `ros2 bag`",
    "demo": "show everything at work on rendered scenes, without a camera",
    "demo-learn": "show the learning loop at work: collect, train, prove, swap and go back",
    "bench": "measure speed and the age of results on this machine",
}

EXAMPLE = """example:
  deep_perception predict ssdlite320_mobilenet_v3_large photos/ --out annotated/
  deep_perception VERB --help"""

INTERRUPTED = 130
PIPE_CLOSED = 141


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as everything here does."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise ConfigError(f"{message}. See {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; a user's mistake is one line on stderr."""
    try:
        code = _run_or_leave(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except DeepPerceptionError as err:
        print(f"{PROGRAM}: error: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has enough. Python flushes stdout once more at exit, which must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code


def _run_or_leave(argv: list[str]) -> int:
    try:
        return _run(argv)
    except SystemExit as leaving:  # argparse leaves so after --help and --version
        return int(leaving.code or 0)


def _run(argv: list[str]) -> int:
    if not argv or argv[0].startswith("-"):
        _own_parser().parse_args(argv)
        _own_parser().print_help()
        return 0
    verb = argv[0]
    if verb not in VERBS:
        raise ConfigError(f"{unknown('verb', verb, VERBS)}. See {PROGRAM} --help")
    module = importlib.import_module(f"{__name__}.{verb.replace('-', '_')}")
    parser = Parser(
        prog=f"{PROGRAM} {verb}",
        description=VERBS[verb][0].upper() + VERBS[verb][1:] + ".",
        epilog=module.EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(argv[1:])))


def _own_parser() -> Parser:
    width = max(map(len, VERBS)) + 2
    verbs = "\n".join(f"  {verb:<{width}}{line}" for verb, line in VERBS.items())
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} VERB ...",
        description=f"Deep-learning eyes for ROS 2 robots.\n\nverbs:\n{verbs}",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser
