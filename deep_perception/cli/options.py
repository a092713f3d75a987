"""Settings of config.py as options of the command line: one definition, one description."""

import argparse
from dataclasses import fields
from typing import Any


def add_settings(parser: argparse.ArgumentParser, settings: type, *names: str) -> None:
    """Add an option for each of these fields of a settings dataclass, or for all of them."""
    for item in fields(settings):
        if not names or item.name in names:
            parser.add_argument(
                f"--{item.name.replace('_', '-')}",
                default=argparse.SUPPRESS,
                **_form(item.default, dict(item.metadata)),
            )


def given(arguments: argparse.Namespace, settings: type) -> dict[str, Any]:
    """Return the settings that were really given, by name."""
    return {item.name: getattr(arguments, item.name) for item in fields(settings) if hasattr(arguments, item.name)}


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"got {number}, expected at least 1")
    return number


def _form(default: Any, metadata: dict[str, Any]) -> dict[str, Any]:
    words = metadata["doc"].replace("%", "%%")
    if isinstance(default, bool):
        return {"action": argparse.BooleanOptionalAction, "help": words}
    if isinstance(default, tuple):
        return {"type": _names, "metavar": "A,B", "help": words}
    shown = f"{words} (default: {default})" if default != "" else words
    choices = metadata["choices"] or None
    return {"type": type(default), "choices": choices, "metavar": None if choices else "X", "help": shown}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
