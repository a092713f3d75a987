"""Reads what others made, and trusts none of it: nothing outside its folder, nothing that is not what it should be."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import yaml  # type: ignore[import-untyped]
from numpy.typing import NDArray

from deep_perception.data.encoding import looked_at
from deep_perception.data.media import PHOTOS, unique
from deep_perception.errors import InputError

_LONGEST_ID = 150
"""Bytes, which leaves room for the number that makes it unique."""


def inside(root: Path, name: str, where: str) -> Path:
    """Return `root / name`; raise InputError where that is outside, also through a link. `where` is who says it."""
    if not name or min(name) < " " or Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(f"{where}: got the path {name!r}, expected one within {root}. Correct it")
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{where}: '{name}' is a link that leaves {root}. Put the files there themselves")
    return path


def files_in(root: Path, folder: Path, suffixes: Iterable[str] = PHOTOS) -> list[Path]:
    """Return the files below a folder, sorted; hidden ones and other suffixes are left out."""
    inside(root, str(folder.relative_to(root)) if folder != root else ".", str(root))
    chosen = frozenset(suffixes)
    found = [file for file in folder.rglob("*") if file.suffix.lower() in chosen and _shown(file.relative_to(folder))]
    return sorted(inside(root, str(file.relative_to(root)), str(root)) for file in found)


def by_stem(files: Iterable[Path]) -> dict[str, Path]:
    """Return files by their names without suffix; raise InputError where two share one."""
    found: dict[str, Path] = {}
    for file in files:
        if found.setdefault(file.stem, file) != file:
            raise InputError(f"{file} is called as {found[file.stem]}, suffix aside, so labels fit both. Rename one")
    return found


def _shown(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def text_of(path: Path) -> str:
    """Read a text file; raise InputError where it is missing or none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise InputError(f"{path} does not exist") from err
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"{path} cannot be read ({_line(err)})") from err


def json_of(path: Path) -> Any:
    """Read a JSON file; raise InputError where it is damaged."""
    try:
        return json.loads(text_of(path))
    except (ValueError, RecursionError) as err:
        raise InputError(f"{path} is damaged ({_line(err)}), expected JSON. Fetch or export it again") from err


def yaml_of(path: Path) -> dict[str, Any]:
    """Read a YAML file; raise InputError where it is damaged or holds no settings."""
    try:
        said = yaml.safe_load(text_of(path))
    except yaml.YAMLError as err:
        raise InputError(f"{path} is damaged ({_line(err)}), expected YAML") from err
    if not isinstance(said, dict):
        raise InputError(f"{path}: got {type(said).__name__}, expected names and values")
    return said


def numbers(values: Any, count: int, where: str) -> list[float]:
    """Return `count` finite numbers, or raise InputError."""
    try:
        found = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError) as err:
        raise InputError(f"{where}: got {values!r:.80}, expected {count} numbers. Correct it") from err
    if len(found) != count or not all(map(math.isfinite, found)):
        raise InputError(f"{where}: got {values!r:.80}, expected {count} finite numbers. Correct it")
    return found


def box(corners: Sequence[float], where: str) -> tuple[float, float, float, float]:
    """Return x1 y1 x2 y2, or raise InputError where they are not in this order."""
    left, top, right, bottom = corners
    if right < left or bottom < top:
        raise InputError(f"{where}: got a box from ({left}, {top}) to ({right}, {bottom}), expected x1 <= x2, y1 <= y2")
    return left, top, right, bottom


def size_of(picture: Path, where: str) -> tuple[int, int]:
    """Return width and height of a picture as shown; raise InputError where it is missing or none."""
    if not picture.is_file():
        raise InputError(f"{where}: the picture {picture} does not exist. Put it there, or take out what is said of it")
    return looked_at(picture, str(picture))[1]


def numbers_in(path: Path, size: tuple[int, int], where: str) -> NDArray[np.uint8]:
    """Read an 8-bit mask, with a palette or gray, of this width and height."""
    try:
        with PIL.Image.open(path) as picture:
            mode, found = picture.mode, np.array(picture)
    except Exception as err:  # a damaged file can make its decoder raise anything
        raise InputError(f"{where}: the mask {path} cannot be read ({_line(err)}). Fetch or export it again") from err
    if mode not in ("P", "L"):
        raise InputError(f"{where}: the mask {path} has mode {mode}, expected 8-bit numbers (P or L)")
    if found.shape != size[::-1]:
        got = f"{found.shape[1]}x{found.shape[0]}"
        raise InputError(f"{where}: the mask {path} is {got}, expected {size[0]}x{size[1]} as its picture")
    return found


def ids_for(names: Iterable[str]) -> Iterator[str]:
    """Yield an id for each name of a picture: unique, and fit for a file name.

    >>> list(ids_for(["cat/1.jpg", "cat/1.png"]))
    ['cat__1', 'cat__1_2']
    """
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[\0-\x1f/\\]+", "__", re.sub(r"\.[^./]*$", "", name)).lstrip("./ ") or "picture"
        yield unique(plain.encode()[:_LONGEST_ID].decode(errors="ignore"), taken)


def _line(err: Exception) -> str:
    return " ".join(str(err).split()) or type(err).__name__
