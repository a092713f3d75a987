"""Bicubic enlargement, the baseline that every other network is compared with.

Keys, Cubic Convolution Interpolation for Digital Image Processing, IEEE Transactions on Acoustics, Speech, and Signal
Processing, 1981. Our own code (Apache-2.0).
"""

from torch import Tensor

from deep_perception.models.networks.upscaling.network import UpscalingNetwork
from deep_perception.models.resampling import HALF_WIDTH, Enlarge


class Bicubic(UpscalingNetwork):
    """The cubic kernel as a network without parameters."""

    reach = HALF_WIDTH

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.enlarge = Enlarge(scale, stored=True)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the enlarged pictures."""
        large: Tensor = self.enlarge(pictures)
        return large
