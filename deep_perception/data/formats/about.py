"""What a format says of a whole data set and of no picture: kept beside the data set, for when it is written again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deep_perception.data.formats.sources import json_of
from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import InputError, StorageError

ABOUT = "about.json"


def read_about(folder: Path, format: str) -> dict[str, Any]:
    """Return what was said in this format, {} if nothing was."""
    return dict(_read(folder).get(format, {}))


def add_about(folder: Path, format: str, said: Mapping[str, Any]) -> None:
    """Keep it; lists grow by what is new, and of anything else what was said first stays."""
    everything = _read(folder)
    before = everything.get(format, {})
    after = {key: _joined(before.get(key), value) for key, value in said.items()}
    everything[format] = {**before, **after}
    with in_words(f"cannot write to {folder}", StorageError), written_aside(folder / ABOUT) as part:
        part.write_text(json.dumps(everything, indent=1, default=str), encoding="utf-8")  # YAML has dates


def _joined(before: Any, new: Any) -> Any:
    if isinstance(before, list) and isinstance(new, list):
        return before + [one for one in new if one not in before]
    return new if before is None else before


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    if not (folder / ABOUT).exists():
        return {}
    said = json_of(folder / ABOUT)
    if not isinstance(said, dict) or not all(isinstance(one, dict) for one in said.values()):
        raise InputError(f"{folder / ABOUT} is damaged, expected what each format said. Remove it if nobody needs it")
    return said
