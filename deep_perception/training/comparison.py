"""What the old and the new model find in a few test pictures, beside the truth: RUN/examples."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2

from deep_perception.data.contact_sheet import painted
from deep_perception.data.examples import Example
from deep_perception.durable_files import in_words, make_folder, written_aside
from deep_perception.errors import StorageError
from deep_perception.models.model import Model
from deep_perception.predictions import Image

EXAMPLES = "examples"
KINDS = ("truth", "before", "now")
"""Each picture is NAME_KIND.jpg."""

ROOM = (480, 640)
"""Height and width of what is saved, at most."""
QUALITY = 88


def save_comparisons(
    run: Path, examples: Sequence[Example], names: Sequence[str], new: Model, old: Model | None = None
) -> None:
    """Let both models answer as a node would, and save what they find; raise StorageError where that cannot be."""
    folder = run / EXAMPLES
    with in_words(f"cannot write '{folder}'", StorageError):
        make_folder(folder)
        for example in examples:
            for kind, picture in _versions(example, names, new, old):
                with written_aside(folder / f"{example.id}_{kind}.jpg") as part:
                    part.write_bytes(jpeg(picture))


def jpeg(picture: Image) -> bytes:
    """Return the picture as a file."""
    good, file = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    assert good
    return file.tobytes()


def _versions(example: Example, names: Sequence[str], new: Model, old: Model | None) -> Iterator[tuple[str, Image]]:
    yield "truth", painted(example.image, example.target, names, ROOM)
    for kind, model in (("before", old), ("now", new)):
        if model is not None:
            [answer] = model([example.image])
            yield kind, painted(example.image, answer, model.labels, ROOM)
