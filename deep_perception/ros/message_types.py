"""Types of messages by their names: the class, and the definition that a recording carries with it."""

import importlib
import importlib.util
import re
from pathlib import Path

_NAME = re.compile(r"(\w+)/msg/(\w+)")
# Names of types begin with a capital, those of what is built in do not.
_FIELD = re.compile(r"^[ \t]*((?:\w+/)*[A-Z]\w*)(?:\[[^\]]*\])?[ \t]+\w", re.MULTILINE)
_RULE = "=" * 80


def message_class(name: str) -> type | None:
    """Return the class of a type such as sensor_msgs/msg/Image; None where it is not installed."""
    if not (parts := _NAME.fullmatch(name)):
        return None
    try:
        module = importlib.import_module(f"{parts[1]}.msg")
    except ImportError:
        return None
    found: type | None = getattr(module, parts[2], None)
    return found


def definition(name: str) -> str:
    """Return the .msg file of a type, then those of all that it is made of, as MCAP has them; '' if one is missing."""
    if not _NAME.fullmatch(name):
        return ""
    texts: dict[str, str] = {}
    open_names = [_short(name)]
    while open_names:
        one = open_names.pop(0)
        if one in texts:
            continue
        package, _, kind = one.partition("/")
        if (file := _file(package, kind)) is None:
            return ""
        texts[one] = file.read_text(encoding="utf-8")
        open_names += [_short(found, package) for found in _FIELD.findall(texts[one])]
    first, *others = texts.items()
    return "\n".join([first[1], *(f"{_RULE}\nMSG: {short}\n{text}" for short, text in others)])


def _file(package: str, kind: str) -> Path | None:
    """Look for a .msg file in the prefix where Python finds the package, which needs no ament index."""
    spec = importlib.util.find_spec(package)
    above = Path(spec.origin).parents if spec and spec.origin else ()
    files = (folder / "share" / package / "msg" / f"{kind}.msg" for folder in above)
    return next((file for file in files if file.is_file()), None)


def _short(name: str, package: str = "") -> str:
    """Return package/Type, in whose package it is when the name does not say so."""
    parts = name.split("/")
    return f"{parts[0] if len(parts) > 1 else package}/{parts[-1]}"
