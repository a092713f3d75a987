"""Which parts of a picture a network has to work on when only some boxes matter."""

from dataclasses import dataclass

import numpy as np

from deep_perception.models.tiling import Box
from deep_perception.predictions import Detections

MARGIN = 8
"""Pixels around a box that are upscaled with it: detectors cut close."""


@dataclass(frozen=True)
class Region:
    """What is upscaled at once, and the boxes in it that are wanted."""

    bound: Box
    wanted: tuple[Box, ...]


def regions(boxes: Detections, frame: Box, reach: int) -> list[Region]:
    """Return the regions around these boxes; those without a pixel inside the frame are left out.

    Boxes that overlap become one region, and so do those that are less work together, given that a network also
    looks at `reach` pixels around a region.
    """
    found: list[Region] = []
    for box in _in_whole_pixels(boxes, frame):
        region = Region(box, (box,))
        while together := [other for other in found if _belong_together(region.bound, other.bound, reach)]:
            found = [other for other in found if other not in together]
            for other in together:
                region = Region(region.bound.joined(other.bound), region.wanted + other.wanted)
        found.append(region)
    return found


def _in_whole_pixels(boxes: Detections, frame: Box) -> list[Box]:
    clipped = boxes.boxes.astype(np.float64).clip(0, [frame.right, frame.bottom] * 2)
    solid = clipped[(clipped[:, 2:] > clipped[:, :2]).all(1)]
    corners = np.column_stack((np.floor(solid[:, :2]), np.ceil(solid[:, 2:]))).astype(int).tolist()
    return [Box(top, left, bottom, right).grown(MARGIN).within(frame) for left, top, right, bottom in corners]


def _belong_together(one: Box, other: Box, reach: int) -> bool:
    common = one.within(other)
    if common.height > 0 and common.width > 0:
        return True
    return one.joined(other).grown(reach).area <= one.grown(reach).area + other.grown(reach).area
