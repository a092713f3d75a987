"""The package's own upscaling networks by name, with the weights that their authors publish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from torch import Size, Tensor, nn

from deep_perception.errors import WeightsError
from deep_perception.models.networks.upscaling.bicubic import Bicubic
from deep_perception.models.networks.upscaling.carn_m import CARNM
from deep_perception.models.networks.upscaling.edsr import EDSR
from deep_perception.models.networks.upscaling.espcn import ESPCN
from deep_perception.models.networks.upscaling.fsrcnn import FSRCNN
from deep_perception.models.networks.upscaling.network import UpscalingNetwork
from deep_perception.models.networks.upscaling.srcnn import SRCNN
from deep_perception.models.networks.upscaling.srresnet import SRResNet
from deep_perception.models.origin import Origin
from deep_perception.models.store import NamedWeights
from deep_perception.models.unallocated import unallocated

SCALES = (2, 3, 4)

CARN_FILES = "https://raw.githubusercontent.com/nmhkahn/CARN-pytorch/40d3514f81cccd680d846cd5ab07af35f2c8e0e2"
EDSR_FILES = "https://cv.snu.ac.kr/research/EDSR/models"
EDSR_DIGITS = {2: "1bc95232", 3: "abf2a44e", 4: "6b446fab"}


@dataclass(frozen=True)
class OwnNetwork:
    """What is to be known about an upscaling network of this package."""

    build: Callable[[int], UpscalingNetwork]
    """From the scale to the network."""
    source: str
    licence: str = "Apache-2.0"
    weights: tuple[NamedWeights, ...] = ()
    one_for_all_scales: bool = False
    verified: str = "random weights"
    weights_from: str = "none"


OWN: dict[str, OwnNetwork] = {
    "srcnn": OwnNetwork(SRCNN, "Dong et al. 2016"),
    "espcn": OwnNetwork(
        ESPCN, "Shi et al. 2016", verified="its weights, on rendered scenes", weights_from="with the package (x2)"
    ),
    "fsrcnn": OwnNetwork(FSRCNN, "Dong et al. 2016"),
    "edsr_baseline": OwnNetwork(
        EDSR,
        "Lim et al. 2017, as in sanghyun-son/EDSR-PyTorch",
        licence="MIT",
        weights=tuple(
            NamedWeights(
                model="edsr_baseline",
                name=f"x{scale}",
                url=f"{EDSR_FILES}/edsr_baseline_x{scale}-{digits}.pt",
                sha256=digits,
                labels=(),
                licence="MIT",
                scale=scale,
            )
            for scale, digits in EDSR_DIGITS.items()
        ),
        verified="state dicts of the official shape",
        weights_from="its authors",
    ),
    "srresnet": OwnNetwork(SRResNet, "Ledig et al. 2017, as in Lornatang/SRGAN-PyTorch"),
    "carn_m": OwnNetwork(
        CARNM,
        "Ahn et al. 2018, as in nmhkahn/CARN-pytorch",
        licence="MIT",
        weights=(
            NamedWeights(
                model="carn_m",
                name="x2_x3_x4",
                url=f"{CARN_FILES}/checkpoint/carn_m.pth",
                sha256="d48a759a84509351facb6b7c6d5bd6edec98b98519b8c464ee4ab44d2ba964ff",
                labels=(),
                licence="MIT",
            ),
        ),
        one_for_all_scales=True,
        verified="real weights, on Set5",
        weights_from="its authors",
    ),
    "bicubic": OwnNetwork(Bicubic, "Keys 1981", verified="the published figures on Set5"),
}


def build(origin: Origin) -> nn.Module:
    """Build a network with random weights; raise WeightsError for weights that were made for another scale."""
    scale = origin.scale or SCALES[0]
    made_for = scale_of(origin.name, origin.checkpoint.state) if origin.checkpoint else 0
    if made_for not in (0, scale):
        raise WeightsError(f"weights were made for scale {made_for}, got scale {scale}. Set scale to {made_for}")
    return OWN[origin.name].build(scale)


def named_weights(name: str) -> tuple[NamedWeights, ...]:
    """Return what the authors publish for this network."""
    return OWN[name].weights


def scale_of(name: str, state: Mapping[str, Tensor]) -> int:
    """Return the scale that these tensors of the network were made for; 0 where they do not tell."""
    fitting = _fitting_scales(name, state)
    return fitting[0] if len(fitting) == 1 else 0


def recognises(name: str, state: Mapping[str, Tensor]) -> bool:
    """Tell whether these are the tensors of that network, at whatever scale."""
    return bool(_fitting_scales(name, state))


def _fitting_scales(name: str, state: Mapping[str, Tensor]) -> list[int]:
    shapes = {key: tensor.shape for key, tensor in state.items()}
    return [scale for scale in SCALES if _shapes(name, scale) == shapes]


@cache
def _shapes(name: str, scale: int) -> dict[str, Size]:
    with unallocated():
        return {key: tensor.shape for key, tensor in OWN[name].build(scale).state_dict().items()}
