"""Pictures that show what was kept already."""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.data.sampling.look import Reason
from deep_perception.data.sampling.quality import Small

CELLS = (16, 12)
"""Columns and rows that a picture is compared by."""

GRAY = 128
"""Mean that all pictures are brought to, so that the camera's exposure does not count."""

Cells = NDArray[np.float32]


def cells(picture: Small) -> Cells:
    """Return the mean colour of each cell (rows, columns, 3) at an even brightness.

    A hash of 64 bits, as common for finding copies, says the same of a table with and without a cup: that is the
    change that matters here. A cell is large enough for noise to vanish and for a camera to tremble.
    """
    means = cv2.resize(picture.colour, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(means * np.float32(GRAY / max(1.0, float(means.mean()))), np.float32)


class Latest:
    """The last kept pictures, by their cells."""

    def __init__(self) -> None:
        self._cells: deque[Cells] = deque()

    def add(self, one: Cells, most: int) -> None:
        """Remember one, and no more than `most`."""
        self._cells.append(one)
        while len(self._cells) > most:
            self._cells.popleft()

    def change(self, one: Cells) -> float:
        """Return how much the cell that changed most differs from the kept picture most like it; inf: there is none."""
        if not self._cells:
            return float("inf")
        return float(np.abs(np.stack(self._cells) - one).max(axis=(1, 2, 3)).min())


def near_duplicate(change: float, least: float) -> Reason | None:
    """Refuse a picture that changed no more than this, in grey levels of 255; 0: none."""
    if least == 0 or change > least:
        return None
    return Reason("duplicate", f"no part differs by more than {change:.3g} from one that was kept")
