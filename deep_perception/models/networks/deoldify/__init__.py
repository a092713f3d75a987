"""DeOldify's generators, which colour old photographs and films.

Antic, Howard and Manor 2019, https://github.com/jantic/DeOldify (MIT), on fastai v1's dynamic U-Net (Apache-2.0):
U-Net of Ronneberger et al. 2015, self-attention of Zhang et al. 2018 (arXiv:1805.08318), spectral normalisation of
Miyato et al. 2018 (arXiv:1802.05957), pixel shuffle with blur of Sugawara et al. 2018 (arXiv:1806.02658). Tensors have
the names and shapes of the released files. The encoders are torchvision's ResNets (BSD-3-Clause).
"""

from torchvision.models import resnet34, resnet101

from deep_perception.models.networks.deoldify.generator import DeepStep, Generator, WideStep
from deep_perception.models.networks.deoldify.released import released

__all__ = ["RENDER_BASE", "RENDER_FACTORS", "VARIANTS", "build", "released"]

RENDER_BASE = 16
"""A render factor counts the side of the square that the network sees in this many pixels."""

RENDER_FACTORS = {"artistic": 35, "stable": 35, "video": 21}
"""What its makers use where nothing else is asked."""

VARIANTS = tuple(RENDER_FACTORS)

WIDTH = 1024
"""Channels of a step of the wide generators, half of them enlarged and half of them mixed."""

SHARE = 1.5
"""How many more channels a step of the deep generator mixes than it joins."""


def build(variant: str) -> Generator:
    """Build the generator `artistic`, `stable` or `video` with random weights."""
    assert variant in VARIANTS, variant
    if variant == "artistic":
        return Generator(resnet34(), 512, (256, 128, 64, 64), DeepStep.steps(512, (256, 128, 64, 64), SHARE))
    return Generator(resnet101(), 2048, (1024, 512, 256, 64), WideStep.steps(2048, (1024, 512, 256, 64), WIDTH))
