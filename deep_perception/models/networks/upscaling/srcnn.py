"""SRCNN: Dong et al., Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016 (9-5-5).

Layers are named as in the public repository yjn870/SRCNN-pytorch, which states no licence and whose code is not used:
state dicts written there fit.
"""

import math

from torch import Tensor, nn
from torch.nn import functional

from deep_perception.models.networks.upscaling.network import LuminanceNetwork
from deep_perception.models.resampling import HALF_WIDTH


class SRCNN(LuminanceNetwork):
    """Sharpens what the cubic kernel enlarged."""

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self.conv1 = nn.Conv2d(1, 64, 9, padding=4)
        self.conv2 = nn.Conv2d(64, 32, 5, padding=2)
        self.conv3 = nn.Conv2d(32, 1, 5, padding=2)
        self.reach = math.ceil((4 + 2 + 2) / scale) + HALF_WIDTH

    def upscale_luminance(self, small: Tensor, plain: Tensor) -> Tensor:
        """Return the sharpened luminance."""
        features = functional.relu(self.conv1(plain))
        sharp: Tensor = self.conv3(functional.relu(self.conv2(features)))
        return sharp
