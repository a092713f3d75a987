"""Masks of Pascal VOC: numbers under a palette, and the list that names them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from deep_perception.data.dataset import BACKGROUND
from deep_perception.data.formats.sources import text_of
from deep_perception.errors import InputError

LABEL_MAP = "labelmap.txt"
"""A line `name:r,g,b:parts:actions` for each class, in the order of their numbers, as annotation tools write it."""

VOID = 255
"""The rim of things, which belongs to none."""

_VOC = """
aeroplane bicycle bird boat bottle bus car cat chair cow
diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor
"""
"""The classes of VOC itself, numbered from 1."""


def class_names(root: Path) -> tuple[str, ...]:
    """Return the names of the numbers in class masks: those of the label map, without one VOC's own."""
    path = root / LABEL_MAP
    if not path.exists():
        return (BACKGROUND, *_VOC.split())
    lines = [line for line in text_of(path).splitlines() if line.strip() and not line.startswith("#")]
    names = tuple(line.partition(":")[0].strip() for line in lines)
    if not names or names[0] not in ("background", BACKGROUND) or len(set(names)) < len(names):
        raise InputError(f"{path}: got {', '.join(names[:4])}…, expected background and then each class once")
    return (BACKGROUND, *names[1:])


def write_label_map(root: Path, names: Sequence[str]) -> None:
    """Write the list of names, the first of which is the background."""
    colours = palette()
    lines = [f"{name}:{','.join(map(str, colours[number]))}::" for number, name in enumerate(names)]
    text = "\n".join(["# label:color_rgb:parts:actions", lines[0].replace(BACKGROUND, "background"), *lines[1:]])
    (root / LABEL_MAP).write_text(f"{text}\n", encoding="utf-8")


def write_mask(path: Path, numbers: NDArray[np.uint8]) -> None:
    """Write numbers in the colours by which people know them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = PIL.Image.fromarray(numbers)
    picture.putpalette(palette().tobytes())
    picture.save(path)


def palette() -> NDArray[np.uint8]:
    """Return VOC's colours (256, 3): the lowest bits of a number are the highest of red, green and blue, and so on."""
    numbers = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for place in range(8):
        for channel in range(3):
            colours[:, channel] |= ((numbers >> (3 * place + channel) & 1) << (7 - place)).astype(np.uint8)
    return colours
