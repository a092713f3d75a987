"""Selective search, as OpenCV's extra modules do it.

Uijlings et al., Selective Search for Object Recognition, IJCV 2013.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.errors import ModelError
from deep_perception.predictions import Detections, Image

LONGEST_SIDE = 320
"""Pixels of the picture that is searched: enough for things on a table, and a bound to the time it takes."""
SMALLEST_SIDE = 4
"""Regions narrower than this in that picture are specks."""


def proposals(image: Image, most: int) -> Detections:
    """Return boxes around regions that look alike inside, label 1, larger ones rather earlier; scores fall by rank.

    The same picture always gives the same boxes. Raises ModelError where OpenCV comes without its extra modules.
    """
    height, width = image.shape[:2]
    shrunk = max(1.0, max(height, width) / LONGEST_SIDE)
    size = max(1, round(width / shrunk)), max(1, round(height / shrunk))
    searched = image if shrunk == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    corners = _regions(np.asarray(searched, np.uint8))
    corners = corners[_ranking(corners)][:most]
    boxes = corners * np.array([width / size[0], height / size[1]] * 2, np.float32)
    count = len(boxes)
    scores = np.linspace(1, 0, count, endpoint=False, dtype=np.float32)
    return Detections(boxes, np.ones(count, np.int64), scores)


def _regions(image: Image) -> NDArray[np.float32]:
    if not hasattr(cv2, "ximgproc"):
        raise ModelError(
            f"selective search: OpenCV {cv2.__version__} has no ximgproc, expected one with the extra modules. "
            "Install opencv-contrib-python-headless, or give proposals"
        )
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(np.ascontiguousarray(image[..., ::-1]))
    search.switchToSelectiveSearchFast()
    found = np.asarray(search.process(), np.float32).reshape(-1, 4)
    found = found[(found[:, 2:] >= SMALLEST_SIDE).all(1)]
    found[:, 2:] += found[:, :2]
    return found


def _ranking(corners: NDArray[np.float32]) -> NDArray[np.intp]:
    # OpenCV ranks by chance from a generator that cannot be seeded. As in the paper, the later a region was merged,
    # here the larger it is, the better its chances; the order before the draw depends on the boxes alone.
    area = (corners[:, 2:] - corners[:, :2]).prod(1)
    order = np.lexsort((*corners.T, -area))
    chances = np.random.default_rng(0).random(len(order)) * np.arange(1, len(order) + 1)
    return order[np.argsort(chances)]
