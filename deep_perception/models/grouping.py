"""Pictures of equal size go through a network together, the others apart, so that a batch answers like its singles."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

from torch import Tensor

Answer = TypeVar("Answer")


def equals_together(pictures: Sequence[Tensor], answer: Callable[[list[int]], list[Answer]]) -> list[Answer]:
    """Call `answer` with the places of pictures of one size, size by size; return the answers in the old order."""
    by_place: dict[int, Answer] = {}
    shape = [tuple(picture.shape) for picture in pictures]
    for _, group in groupby(sorted(range(len(pictures)), key=shape.__getitem__), key=shape.__getitem__):
        places = list(group)
        by_place.update(zip(places, answer(places), strict=True))
    return [by_place[place] for place in range(len(pictures))]
