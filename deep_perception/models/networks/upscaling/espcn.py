"""ESPCN: Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
Neural Network, CVPR 2016.

Layers are named as in the public repository yjn870/ESPCN-pytorch, which states no licence and whose code is not used:
state dicts written there fit.
"""

from torch import Tensor, nn

from deep_perception.models.networks.upscaling.network import LuminanceNetwork


class ESPCN(LuminanceNetwork):
    """Works on small pictures; its last layer gives each pixel's successors as channels."""

    reach = 2 + 1 + 1

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self.first_part = nn.Sequential(
            nn.Conv2d(1, 64, 5, padding=2),
            nn.Tanh(),
            nn.Conv2d(64, 32, 3, padding=1),
            nn.Tanh(),
        )
        self.last_part = nn.Sequential(nn.Conv2d(32, scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def upscale_luminance(self, small: Tensor, plain: Tensor) -> Tensor:
        """Return the large luminance, made from the small one alone."""
        large: Tensor = self.last_part(self.first_part(small))
        return large
