"""Data sets so small that a training on them takes a second."""

import json
from pathlib import Path

import numpy as np
import pytest

from deep_perception.data.dataset import SPLITS
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.targets import encoded
from deep_perception.data.writer import Writer
from deep_perception.scenes import LABELS, Scene, render

SHADES = {"dark": 40, "middle": 128, "light": 215}


@pytest.fixture(scope="session")
def greys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy pictures of three shades, tagged."""
    folder, rng, pictures = tmp_path_factory.mktemp("greys"), np.random.default_rng(0), 60
    with Writer(folder) as writer:
        for number in range(pictures):
            name, shade = list(SHADES.items())[number % len(SHADES)]
            image = rng.normal(shade, 20, (28, 28, 3)).clip(0, 255).astype(np.uint8)
            writer.add(Record(f"g{number:03d}", ".png", 0, 0, tags=(Tag(name),)), image)
    return _split(folder, pictures)


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered tables with boxes, masks and the class of every pixel."""
    folder, pictures = tmp_path_factory.mktemp("scenes"), 12
    with Writer(folder) as writer:
        writer.add_names("things", LABELS)
        writer.add_names("pixels", LABELS)
        for seed in range(pictures):
            view = render(Scene(seed), 3.0, (72, 96))
            found = zip(view.instances.labels, view.instances.boxes.tolist(), view.instances.masks, strict=True)
            things = tuple(Thing(LABELS[label], tuple(box), mask=encoded(mask)) for label, box, mask in found)
            writer.add(Record(f"s{seed:03d}", ".png", 0, 0, things=things), view.image, pixels=view.semantic.labels)
    return _split(folder, pictures)


def _split(folder: Path, pictures: int) -> Path:
    """Take half to learn from, a quarter each to choose and to judge by."""
    names = [json.loads(line)["id"] for line in (folder / "manifest.jsonl").read_text().splitlines()]
    parts = {"train": pictures // 2, "validation": pictures // 4, "test": pictures // 4}
    remaining = iter(names)
    ids = {part: [next(remaining) for _ in range(count)] for part, count in parts.items()}
    (folder / SPLITS).write_text(json.dumps({"format": 1, "parts": ids, "how": {}}))
    return folder
