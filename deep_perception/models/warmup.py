"""Run a model once before it is needed: the first call is slow, and it shows whether the model works at all."""

import numpy as np

from deep_perception.errors import DeepPerceptionError, ModelError
from deep_perception.models.model import Model
from deep_perception.predictions import Image

TYPICAL_SIZE = (480, 640, 3)


def warm_up(model: Model, image: Image | None = None) -> None:
    """Let `model` answer for `image` (or a black picture); raise ModelError when it cannot."""
    try:
        for _ in range(2):
            model([np.zeros(TYPICAL_SIZE, np.uint8) if image is None else image])
    except DeepPerceptionError:
        raise
    except Exception as err:
        raise ModelError(
            f"{model.name}: failed on a test picture ({type(err).__name__}: {err}). Nothing was changed"
        ) from err
