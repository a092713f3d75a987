"""The one call that every model answers: pictures in, predictions out."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from deep_perception.config import Selection
from deep_perception.errors import ConfigError, ImageError, unknown
from deep_perception.models.memory import Memory
from deep_perception.predictions import Guide, Image, Prediction, check_image
from deep_perception.runtime.folding import fold_batch_norms
from deep_perception.runtime.lack_of_memory import is_lack_of_memory


class Model(ABC):
    """A network with its names, its device and its way to read pictures.

    Attributes
    ----------
    labels: names by class number, background included where the network has one.
    identity: what distinguishes these weights from others (their sha256, or "random").
    selection: which findings are kept; may be replaced between two calls.
    settings: how pictures are prepared; written into checkpoints.
    guide: the type of what else the model can be told about a picture; None: nothing.

    """

    task: str
    guide: type | None = None

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        labels: Sequence[str],
        device: torch.device | None = None,
        precision: torch.dtype = torch.float32,
        identity: str = "random",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.network = network
        self.name = name
        self.labels = tuple(labels)
        self.device = device or torch.device("cpu")
        self.precision = precision
        self.identity = identity
        self.settings = dict(settings or {})
        self.selection = Selection()
        self._answering: nn.Module | None = None

    def __call__(self, images: Sequence[Image], guides: Sequence[Guide | None] | None = None) -> list[Prediction]:
        """Answer for RGB uint8 pictures of any sizes; threshold, filter and transfer happen once, on the device.

        `guides` says what else is known about each picture. Raises ImageError for a picture that cannot be done.
        """
        guides = self._checked(images, guides)
        if not images:
            return []
        network = self._answering_network()
        try:
            with torch.inference_mode(), self._number_format():
                return self._predict(network, [self._upload(image) for image in images], guides)
        except (RuntimeError, MemoryError) as err:
            if not is_lack_of_memory(err):
                raise
            raise ImageError("memory", self._out_of_memory(images)) from err

    def losses(
        self, images: Sequence[Image], targets: Sequence[Any], guides: Sequence[Guide | None] | None = None
    ) -> dict[str, Tensor]:
        """Return the named losses of the network in training mode, ready for `sum(...).backward()`."""
        if len(images) != len(targets) or not images:
            raise ValueError(
                f"got {len(images)} images and {len(targets)} targets, expected equal numbers, at least one"
            )
        guides = self._checked(images, guides)
        self.renew()  # these weights are about to change
        self.network.to(self.device).train()
        return self._losses([self._upload(image) for image in images], targets, guides)

    def renew(self) -> None:
        """Answer with the weights that `network` has now, which were changed otherwise than after `losses`."""
        self._answering = None

    def memory(self) -> Memory | None:
        """Return a new memory for a stream of pictures; None where each picture stands alone."""
        return None

    def check_classes(self, names: Sequence[str]) -> None:
        """Raise ConfigError for a name that this model cannot find."""
        for name in names:
            if name not in self.labels:
                raise ConfigError(f"classes: {unknown('class', name, self.labels)} (model {self.name})")

    @abstractmethod
    def _predict(self, network: nn.Module, pixels: list[Tensor], guides: list[Guide | None]) -> list[Prediction]:
        """Answer for uint8 (3, H, W) tensors on the device."""

    @abstractmethod
    def _losses(self, pixels: list[Tensor], targets: Sequence[Any], guides: list[Guide | None]) -> dict[str, Tensor]:
        """Return the losses of `self.network` for uint8 (3, H, W) tensors on the device."""

    @abstractmethod
    def _example(self) -> object:
        """Return an input with which the network can run once."""

    def _checked(self, images: Sequence[Image], guides: Sequence[Guide | None] | None) -> list[Guide | None]:
        for image in images:
            check_image(image)
        told = list(guides or [None] * len(images))
        if len(told) != len(images):
            raise ValueError(f"got {len(told)} guides for {len(images)} images, expected one each, or None")
        for guide in told:
            if guide is not None and (self.guide is None or not isinstance(guide, self.guide)):
                expected = self.guide.__name__ if self.guide else "None"
                raise TypeError(f"guide: got {type(guide).__name__}, expected {expected} ({self.name})")
        return told

    def _out_of_memory(self, images: Sequence[Image]) -> str:
        height, width = max(images, key=np.size).shape[:2]
        count = f"{len(images)} pictures of up to {width}x{height}" if len(images) > 1 else f"{width}x{height} pixels"
        return (
            f"{self.name}: {self.device} has no memory left for {count}. "
            "Take a smaller network or picture, precision float16, or end other programs on the device"
        )

    def _answering_network(self) -> nn.Module:
        # The folded copy answers and `network` stays as it was loaded: it can be trained and saved at any time.
        if self._answering is None:
            network = copy.deepcopy(self.network.cpu()).eval().requires_grad_(False)
            fold_batch_norms(network, self._example())
            self._answering = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self._answering

    def _number_format(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)

    def _upload(self, image: Image) -> Tensor:
        # torch takes neither read-only memory nor negative strides; everything else goes without a copy.
        if not image.flags.writeable or min(image.strides) < 0:
            image = image.copy()
        return torch.from_numpy(image).to(self.device).permute(2, 0, 1)

    def _wanted_labels(self) -> np.ndarray | None:
        """Return the class numbers to keep; None keeps all."""
        if not self.selection.classes:
            return None
        self.check_classes(self.selection.classes)
        return np.array([number for number, name in enumerate(self.labels) if name in self.selection.classes])
