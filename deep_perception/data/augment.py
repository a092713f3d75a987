"""Training pictures changed at random, and what is true of them with them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from deep_perception.config import AUGMENTATIONS
from deep_perception.data.augmentation.appearance import colour, contrast, erase, noise
from deep_perception.data.augmentation.geometry import crop, crop_patch, crop_things, flip, rotate
from deep_perception.data.augmentation.view import View
from deep_perception.predictions import Image, Prediction

Step: TypeAlias = Callable[[View, np.random.Generator], View]

LIGHT: Mapping[str, Step] = {"colour": colour, "contrast": contrast, "noise": noise, "erase": erase}
THINGS: Mapping[str, Step] = {"flip": flip, "crop": crop_things, "rotate": rotate, **LIGHT}
STEPS: Mapping[str, Mapping[str, Step]] = {
    "classification": {"flip": flip, "crop": partial(crop, least=0.8), "rotate": rotate, **LIGHT},
    "detection": THINGS,
    "proposals": THINGS,
    "instance_segmentation": THINGS,
    "semantic_segmentation": {"flip": flip, "crop": partial(crop, least=0.5), "rotate": rotate, **LIGHT},
    # The colours are what is learnt, and no one can know those of a place that is hidden.
    "colorization": {"flip": flip, "crop": partial(crop, least=0.5), "contrast": contrast, "noise": noise},
    # The details are what is learnt: nothing may blur them, and what is true must be seen in the small picture.
    "super_resolution": {"flip": flip, "crop": crop_patch, "colour": colour, "contrast": contrast},
}
"""What each task can learn from; the rest is left out for it."""


class Augmentation:
    """Changes a picture and its truth alike; what happens follows from the generator alone."""

    def __init__(self, names: Sequence[str], task: str) -> None:
        self.names = tuple(name for name in AUGMENTATIONS if name in names and name in STEPS[task])
        self._steps = [STEPS[task][name] for name in self.names]

    def __call__(self, image: Image, target: Prediction, rng: np.random.Generator) -> tuple[Image, Prediction]:
        """Return a new picture and its truth; those given stay as they are.

        The picture may come out smaller or larger. A Picture as the truth must be as large as the image.
        """
        view = View.of(image, target)
        for step in self._steps:
            view = step(view, rng)
        return view.image, view.truth
