"""Make the picture at the top of the README: two rendered scenes, with boxes drawn as the node draws them.

python -m docs.images.tabletop          the true boxes
python -m docs.images.tabletop found    what the detector that comes with the package finds
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image

from deep_perception.drawing import draw
from deep_perception.models import create
from deep_perception.predictions import Detections
from deep_perception.scenes import LABELS, Scene, View, render

SCENES, MOMENT_S = (1, 4), 2.0  # neither is learnt from


def main() -> None:
    """Write tabletop.jpg beside this file."""
    see = found if sys.argv[1:] == ["found"] else true
    views = [render(Scene(seed), MOMENT_S) for seed in SCENES]
    pictures = [draw(view.image, boxes, LABELS) for view, boxes in zip(views, map(see(), views), strict=True)]
    PIL.Image.fromarray(np.hstack(pictures)).save(Path(__file__).with_suffix(".jpg"), quality=85)


def true() -> Callable[[View], Detections]:
    """Tell what is there."""
    return lambda view: Detections(view.instances.boxes, view.instances.labels, view.instances.scores)


def found() -> Callable[[View], Detections]:
    """Ask the detector."""
    detector = create("fcos_shufflenet_v2_x1_0_fpn", device="cpu")
    return lambda view: detector([view.image])[0]  # type: ignore[return-value]


if __name__ == "__main__":
    main()
