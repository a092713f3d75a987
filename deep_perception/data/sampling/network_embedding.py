"""A picture as a classifier sees it just before it decides."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deep_perception.errors import ModelError
from deep_perception.models.classifier import Classifier
from deep_perception.models.creation import create
from deep_perception.models.model import Model
from deep_perception.predictions import Image
from deep_perception.runtime.folding import fold_batch_norms

OWN = "shufflenet_v2_x0_5", "TABLETOP_SURFACES"
"""The classifier whose weights come with the package."""

USUAL = 0.3
"""Views of one place are nearer to each other than this."""


class NetworkEmbedding:
    """The features that a classifier decides by, pooled over the picture, as a unit vector.

    What is near for a network is alike for people, whatever it learnt ("The unreasonable effectiveness of deep
    features as a perceptual metric", Zhang et al. 2018).
    """

    def __init__(self, weights: str = "default") -> None:
        """`weights`: a file of a classifier, or default. Raise WeightsError or ModelError where it cannot be used."""
        model = create(*(OWN if weights == "default" else ("auto", weights)), device="cpu")
        if not isinstance(model, Classifier):
            raise ModelError(f"novelty_weights: '{weights}' is a {_task(model)} model, expected a classifier")
        self._prepare = model.preparation
        self._network = model.network.eval().requires_grad_(False)
        fold_batch_norms(self._network, model._example())
        self._seen: Tensor | None = None
        last = [part for part in self._network.modules() if isinstance(part, (nn.Linear, nn.Conv2d))][-1]
        last.register_forward_pre_hook(self._note)

    def __call__(self, image: Image) -> NDArray[np.float32]:
        """Return the features (n,) of a picture."""
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)
        with torch.inference_mode():
            self._network(self._prepare(pixels)[None])
        assert self._seen is not None
        features = self._seen[0].flatten(1).mean(1) if self._seen.ndim == 4 else self._seen[0].flatten()
        return np.asarray(nn.functional.normalize(features, dim=0).numpy(), np.float32)

    def _note(self, layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        self._seen = given[0]


def _task(model: Model) -> str:
    return model.task.replace("_", " ")
