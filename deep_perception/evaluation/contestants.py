"""What a model is measured against: torchvision's own network, called as its users call it, with the same weights."""

from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights

from deep_perception.data.media import frames
from deep_perception.errors import ModelError
from deep_perception.models import Model
from deep_perception.models.classifier import Classifier, Preparation
from deep_perception.models.detector import Detector
from deep_perception.predictions import Classes, Detections, Image, Prediction
from deep_perception.scenes import Scene, render

Answer = tuple[np.ndarray, ...]
"""Scores and labels, best first, and boxes where there are any."""
Contestant = Callable[[], Any]

SIZE = (640, 480)
BARE, SAME, OURS = "torchvision", "torchvision, our thresholds", "model"


def contestants(model: Model, image: Image) -> dict[str, Contestant]:
    """Return the calls to compare; raise ModelError when they do not answer alike."""
    if isinstance(model, Detector):
        chosen = model.selection
        calls = {
            BARE: _bare_detector(model, image),
            SAME: _bare_detector(model, image, chosen.score_threshold, chosen.max_detections),
        }
    else:
        assert isinstance(model, Classifier)
        calls = {BARE: _bare_classifier(model, image)}
    _check_alike(model([image])[0], calls.get(SAME, calls[BARE])(), model.name)
    return {**calls, OURS: lambda: model([image])}


def picture_of(path: Path | None) -> Image:
    """Return the first picture of a file, or a rendered scene, in the size of a common camera."""
    image = render(Scene(0), 0.0).image if path is None else next(frames(path)).image
    return np.ascontiguousarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def fair(names: Container[str]) -> str:
    """Return the name of the contestant that does the same work as ours."""
    return SAME if SAME in names else BARE


def _bare_detector(
    model: Detector, image: Image, score_thresh: float = 0.001, detections_per_img: int = 300
) -> Callable[[], Answer]:
    arguments = {"score_thresh": score_thresh, "detections_per_img": detections_per_img}
    network = _bare_network(model, weights_backbone=None, **arguments)

    @torch.inference_mode()
    def call() -> Answer:
        picture = torch.from_numpy(image).to(model.device).permute(2, 0, 1).float().div(255)
        found = network([picture])[0]
        return tuple(found[key].cpu().numpy() for key in ("scores", "labels", "boxes"))

    return call


def _bare_classifier(model: Classifier, image: Image) -> Callable[[], Answer]:
    network = _bare_network(model)
    presets = [entry.transforms() for entry in get_model_weights(model.name)]
    preset = next(preset for preset in presets if Preparation.of_preset(preset) == model.preparation)

    @torch.inference_mode()
    def call() -> Answer:
        picture = preset(torch.from_numpy(image).to(model.device).permute(2, 0, 1))
        best: tuple[Tensor, Tensor] = network(picture[None]).softmax(1)[0].topk(model.selection.top_k)
        return tuple(each.cpu().numpy() for each in best)

    return call


def _bare_network(model: Model, **arguments: Any) -> nn.Module:
    network: nn.Module = get_model(model.name, weights=None, num_classes=len(model.labels), **arguments)
    network.load_state_dict(model.network.state_dict())
    return network.to(model.device).eval()


def _check_alike(ours: Prediction, theirs: Answer, name: str) -> None:
    assert isinstance(ours, (Classes, Detections))
    # Near ties may change places; the scores, best first, are then still the same.
    alike = len(ours) == len(theirs[0]) and np.allclose(ours.scores, theirs[0], atol=1e-3)
    if not alike:
        raise ModelError(
            f"{name}: answers {ours.scores[:3]}, torchvision {theirs[0][:3]}, expected the same; nothing was timed"
        )
