"""Make the picture at the top of the README: what the models that come with the package make of one rendered scene.

python -m docs.images.tasks
"""

from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from deep_perception.drawing import draw
from deep_perception.evaluation.demo_judges import gray
from deep_perception.models import create
from deep_perception.models.shipped import SHIPPED
from deep_perception.models.table import find
from deep_perception.predictions import Image, Picture
from deep_perception.scenes import Scene, render
from deep_perception.tasks import TASKS

SEED, MOMENT_S = 27, 2.0  # not learnt from
TILE = (400, 300)
COLUMNS = 3
MIDDLE = (slice(110, 230), slice(226, 386))
"""The part of the picture that is shown enlarged."""


def main() -> None:
    """Write tasks.jpg beside this file."""
    image = render(Scene(SEED), MOMENT_S).image
    rows = sorted(SHIPPED, key=lambda row: list(TASKS).index(find(row.model).task))
    tiles = [tile(image, row.model, row.name) for row in rows]
    lines = [np.hstack(tiles[at : at + COLUMNS]) for at in range(0, len(tiles), COLUMNS)]
    PIL.Image.fromarray(np.vstack(lines)).save(Path(__file__).with_suffix(".jpg"), quality=85)


def tile(image: Image, name: str, weights: str) -> Image:
    """Return what one model answers, under the name of its task."""
    model = create(name, weights, device="cpu")
    if model.task == "super_resolution":
        image = np.ascontiguousarray(image[MIDDLE])
    [answer] = model([image])
    if isinstance(answer, Picture):
        before = gray(image) if model.task == "colorization" else image
        return titled(halves(shown(before), shown(answer.image)), model.task)
    return titled(shown(draw(image, answer, model.labels)), model.task)


def halves(before: Image, after: Image) -> Image:
    """Put the left half of one beside the right half of the other."""
    both = after.copy()
    both[:, : TILE[0] // 2] = before[:, : TILE[0] // 2]
    both[:, TILE[0] // 2] = 255
    return both


def shown(picture: Image) -> Image:
    """Bring a picture to the size of a tile; a small one as the pixels that it has."""
    how = cv2.INTER_AREA if picture.shape[1] > TILE[0] else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, TILE, interpolation=how), np.uint8)


def titled(picture: Image, task: str) -> Image:
    """Write a name into the lower right corner."""
    words = task.replace("_", " ")
    (width, height), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    left, top = TILE[0] - width - 12, TILE[1] - height - below - 10
    picture[top:, left:] = 25
    return np.asarray(
        cv2.putText(
            picture, words, (left + 6, TILE[1] - below - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255,) * 3, 1, cv2.LINE_AA
        ),
        np.uint8,
    )


if __name__ == "__main__":
    main()
