"""Predictions as JSON lines, and the folder that `predict --out` fills."""

import json
from pathlib import Path
from typing import Any, TextIO

import PIL.Image
from numpy.typing import NDArray

from deep_perception.cli.findings import findings, mask_of
from deep_perception.data.media import Frame, unique
from deep_perception.errors import InputError
from deep_perception.models import Model
from deep_perception.predictions import Image, Prediction

LINES = "predictions.jsonl"
MASKS = "masks"
KEPT_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))


def describe(frame: Frame, prediction: Prediction, model: Model) -> dict[str, Any]:
    """Put a frame and what was found in it into words that JSON knows."""
    height, width = frame.image.shape[:2]
    return {
        "source": str(frame.source),
        "frame": frame.name,
        "stamp_ns": frame.stamp_ns,
        "model": model.name,
        "weights": model.identity,
        "width": width,
        "height": height,
    } | findings(prediction, model.labels)


class Folder:
    """Annotated pictures, masks (PNG of numbers) and JSON lines. Only what an earlier predict put here is replaced.

    A line follows its picture, and a picture appears whole, so what is there is good at any time.
    """

    def __init__(self, path: Path, inputs: list[str]) -> None:
        self.path = path
        if path.exists() and not path.is_dir():
            raise InputError(f"--out {path} is a file, expected a folder")
        for entry in map(Path, inputs):
            if entry.is_dir() and path.resolve().is_relative_to(entry.resolve()):
                raise InputError(f"--out {path} lies inside the input {entry}. Choose a folder elsewhere")
        self._replaceable = self._earlier_pictures()
        self._taken: set[str] = {MASKS}
        self._folders: dict[str, str] = {}
        self._lines: TextIO | None = None

    def add(self, entry: dict[str, Any], frame: Frame, annotated: Image, prediction: Prediction) -> None:
        """Write a picture, a mask where there is one, then the line, which names them as `picture` and `mask`."""
        name = self._name(frame)
        self._write(annotated, name)
        entry = entry | {"picture": name}
        if (mask := mask_of(prediction)) is not None:
            entry |= {"mask": f"{MASKS}/{name}.png"}
            self._write(mask, entry["mask"])
        if self._lines is None:
            self._lines = (self.path / LINES).open("w", encoding="utf-8")
        self._lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._lines.flush()

    def _write(self, pixels: NDArray[Any], name: str) -> None:
        target = self.path / name
        if target.exists() and name not in self._replaceable:
            raise InputError(f"{target} is there already and was not written by predict. Choose another --out")
        _write(pixels, target)

    def close(self) -> None:
        """Finish the lines."""
        if self._lines is not None:
            self._lines.close()

    def _name(self, frame: Frame) -> str:
        """A photo keeps its name where that can hold colours; the frames of anything else share a folder."""
        if frame.stamp_ns is None:
            keeps = Path(frame.name).suffix.lower() in KEPT_SUFFIXES
            return unique(frame.name if keeps else f"{frame.name}.png", self._taken)
        source = str(frame.source)
        if source not in self._folders:
            self._folders[source] = unique(frame.name.rpartition("_")[0], self._taken)
        return f"{self._folders[source]}/{frame.name}.jpg"

    def _earlier_pictures(self) -> set[str]:
        lines = self.path / LINES
        if not lines.exists():
            return set()
        try:
            entries = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
            return {entry[key] for entry in entries for key in ("picture", "mask") if key == "picture" or key in entry}
        except (ValueError, KeyError, TypeError, OSError) as err:
            raise InputError(f"{lines} was not written by predict ({err}). Choose another --out") from err


def _write(pixels: NDArray[Any], target: Path) -> None:
    part = target.with_name(f".part.{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(pixels).save(part, quality=90)
        part.replace(target)
    except OSError as err:
        raise InputError(f"{target} cannot be written: {err.strerror or err}") from err
    finally:
        part.unlink(missing_ok=True)
