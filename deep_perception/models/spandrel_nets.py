"""Upscaling networks that spandrel recognises by their weights: ESRGAN and its kin, SwinIR, SPAN, RCAN, HAT and more.

spandrel (MIT) is imported when one of them is wanted, not before.
"""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from deep_perception.errors import ModelError, WeightsError
from deep_perception.models.networks.upscaling.network import UpscalingNetwork, as_colour, luminance
from deep_perception.models.origin import Origin
from deep_perception.models.resampling import Enlarge
from deep_perception.models.store import NamedWeights

LICENCE = "MIT (code); that of the weights"
SOURCE = "spandrel"
REACH = 32
"""These networks see further, but hardly anything beyond this many pixels changes what they answer."""
USUAL_SCALE = 4
PURPOSES = ("SR", "Restoration")
REAL_ESRGAN = "https://github.com/xinntao/Real-ESRGAN/releases/download"

PUBLISHED = {
    "realesr-general-x4v3": ("v0.2.5.0", "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292"),
    "RealESRGAN_x2plus": ("v0.2.1", "49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb"),
    "RealESRGAN_x4plus": ("v0.1.0", "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1"),
}
"""Real-ESRGAN's files for photos: release and sha256."""


class SpandrelNetwork(UpscalingNetwork):
    """A network of spandrel's, called as all others are; its state dict is that of the network itself."""

    reach = REACH

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.network: nn.Module = descriptor.model
        self.scale = descriptor.scale
        window = getattr(descriptor.model, "window_size", 1)
        self.grid = math.lcm(descriptor.size_requirements.multiple_of, window if isinstance(window, int) else 1)
        self.prefers_whole = descriptor.tiling.name != "SUPPORTED"
        self.enlarge = Enlarge(self.scale) if descriptor.input_channels == 1 else None
        self._descriptor = descriptor

    def forward(self, pictures: Tensor) -> Tensor:
        """Return RGB pictures of the large size; a network for gray ones makes their luminance."""
        with torch.autocast(pictures.device.type, enabled=self._can_do_with_less(pictures.device.type)):
            if self.enlarge is None:
                return self._each(pictures)
            large: Tensor = self.enlarge(pictures)
            return large + as_colour(self._each(luminance(pictures)) - luminance(large))

    def state_dict(self, *arguments: Any, **named: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return what spandrel will recognise again."""
        return self.network.state_dict(*arguments, **named)

    def _each(self, pictures: Tensor) -> Tensor:
        # spandrel promises one picture at a time; some of its networks take no more.
        return torch.cat([self._padded_call(picture) for picture in pictures.split(1)])

    def _padded_call(self, picture: Tensor) -> Tensor:
        height, width = picture.shape[-2:]
        wide, high = self._descriptor.size_requirements.get_padding(width, height)
        # Mirrored as far as there is something to mirror. spandrel's own call would keep no gradient.
        mirrored = functional.pad(picture, (0, min(wide, width - 1), 0, min(high, height - 1)), "reflect")
        rest = (0, max(0, wide - width + 1), 0, max(0, high - height + 1))
        large: Tensor = self._descriptor._call_fn(self.network, functional.pad(mirrored, rest, "replicate"))
        return large[..., : self.scale * height, : self.scale * width]

    def _can_do_with_less(self, device: str) -> bool:
        """Tell whether a shorter number format is on that this network can work in."""
        works = {torch.float16: self._descriptor.supports_half, torch.bfloat16: self._descriptor.supports_bfloat16}
        return torch.is_autocast_enabled(device) and works.get(torch.get_autocast_dtype(device), False)


def recognises(state: Mapping[str, Tensor]) -> bool:
    """Tell whether these are the tensors of a network that spandrel knows."""
    try:
        return _architecture_of(state) is not None
    except ModelError:
        return False


def build(origin: Origin) -> nn.Module:
    """Build the network that these weights are for and load them; without weights, Real-ESRGAN's compact one."""
    if origin.checkpoint is None:
        return _random(origin.scale or USUAL_SCALE)
    state = origin.checkpoint.state
    architecture = _architecture_of(state)
    if architecture is None:
        raise WeightsError(
            f"weights: spandrel knows no network with such tensors (the first: {next(iter(state))}), "
            "expected those of ESRGAN, SwinIR, HAT or their like. Set model to the one they were trained with"
        )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.meshgrid")  # Swin's successors do not say which order they want
            descriptor = architecture.load(_canonical(state))
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError) as err:
        reason = " ".join(str(err).split())[:160] or type(err).__name__
        raise WeightsError(
            f"weights: these look like {architecture.name}, but do not fit it ({reason}). Fetch them again"
        ) from err
    _check_purpose(descriptor)
    return SpandrelNetwork(descriptor)


def load(network: nn.Module, origin: Origin) -> None:
    """Do nothing: spandrel shapes a network by its weights and loads them at once."""


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return Real-ESRGAN's networks for photos, the quickest first."""
    return tuple(
        NamedWeights(
            model=name,
            name=file,
            url=f"{REAL_ESRGAN}/{release}/{file}.pth",
            sha256=digest,
            labels=(),
            licence="BSD-3-Clause",
        )
        for file, (release, digest) in PUBLISHED.items()
    )


def _random(scale: int) -> SpandrelNetwork:
    compact = _spandrel().architectures.Compact
    network = compact.Compact(num_feat=64, num_conv=16, upscale=scale)
    return SpandrelNetwork(compact.CompactArch().load(network.state_dict()))


def _architecture_of(state: Mapping[str, Tensor]) -> Any:
    """Return the architecture that these tensors belong to, or None."""
    canonical = _canonical(state)
    known = _spandrel().MAIN_REGISTRY.architectures("detection")
    return next((entry.architecture for entry in known if entry.detect(canonical)), None)


def _canonical(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    # A copy, since some of its networks rename tensors in place.
    canonical: dict[str, Tensor] = _spandrel().canonicalize_state_dict(dict(state))
    return canonical


def _check_purpose(descriptor: Any) -> None:
    name, purpose = descriptor.architecture.name, descriptor.purpose
    if purpose not in PURPOSES:
        raise ModelError(f"{name} is for {purpose}, expected a network for super-resolution or restoration")
    channels = descriptor.input_channels, descriptor.output_channels
    if channels not in ((1, 1), (3, 3)):
        raise ModelError(f"{name}: got weights for {channels[0]} channels in and {channels[1]} out, expected 3 or 1")


def _spandrel() -> Any:
    try:
        import spandrel
        import spandrel.architectures.Compact
    except ImportError as err:
        raise ModelError(f"spandrel is not installed ({err}). Install it: pip install spandrel") from err
    return spandrel
