"""Folders of other formats come in, and go out again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from deep_perception.data.dataset import Dataset
from deep_perception.data.formats import export, import_into
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty folder, for what others made."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Saves a picture that no other call saves."""
    drawn = iter(range(1, 256))

    def save(path: Path, width: int = 8, height: int = 6) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((height, width, 3), next(drawn), np.uint8)
        pixels[0, 0] = 255
        assert cv2.imwrite(str(path), pixels)
        return path

    return save


@pytest.fixture
def write() -> Callable[[Path, str], Path]:
    """Writes a text file."""

    def put(path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


@pytest.fixture
def bring_in(tmp_path: Path) -> Callable[..., Dataset]:
    """Imports a folder into a data set."""

    def bring(format: str, folder: Path, into: str = "dataset") -> Dataset:
        with Writer(tmp_path / into, durable=False) as writer:
            import_into(format, folder, writer)
        return Dataset.open(tmp_path / into)

    return bring


@pytest.fixture
def there_and_back(tmp_path: Path, bring_in: Callable[..., Dataset]) -> Callable[[str, Path], Path]:
    """Imports a folder, and exports it in the same format."""

    def go(format: str, folder: Path) -> Path:
        out = tmp_path / "out"
        export(format, bring_in(format, folder), out)
        return out

    return go


@pytest.fixture
def complaint(tmp_path: Path) -> Callable[[str, Path], str]:
    """Says why a folder is refused, having made sure that nothing of it got into the data set."""

    def refused(format: str, folder: Path) -> str:
        with Writer(tmp_path / "refused", durable=False) as writer:
            with pytest.raises(InputError) as caught:
                import_into(format, folder, writer)
            assert not writer.records and not writer.labels
        message = str(caught.value)
        assert "\n" not in message
        return message

    return refused


@pytest.fixture
def files_of() -> Callable[[Path], Mapping[str, bytes]]:
    """Content of all files in a folder, by name."""

    def read(folder: Path) -> dict[str, Any]:
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    return read
