"""FSRCNN(56, 12, 4): Dong et al., Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016.

Layers are named as in the public repository yjn870/FSRCNN-pytorch, which states no licence and whose code is not used:
state dicts written there fit.
"""

from torch import Tensor, nn

from deep_perception.models.networks.upscaling.network import LuminanceNetwork

WIDTH = 56
SHRUNK = 12
MAPPING = 4
KERNEL = 9


class FSRCNN(LuminanceNetwork):
    """Shrinks its features, maps them, expands them, and enlarges last, by a transposed convolution."""

    # The last kernel covers up to KERNEL // 2 small pixels and a part of one more.
    reach = 2 + MAPPING + 3

    def __init__(self, scale: int) -> None:
        super().__init__(scale)
        self.first_part = nn.Sequential(nn.Conv2d(1, WIDTH, 5, padding=2), nn.PReLU(WIDTH))
        mapping = [layer for _ in range(MAPPING) for layer in _activated(nn.Conv2d(SHRUNK, SHRUNK, 3, padding=1))]
        self.mid_part = nn.Sequential(
            *_activated(nn.Conv2d(WIDTH, SHRUNK, 1)), *mapping, *_activated(nn.Conv2d(SHRUNK, WIDTH, 1))
        )
        self.last_part = nn.ConvTranspose2d(
            WIDTH, 1, KERNEL, stride=scale, padding=KERNEL // 2, output_padding=scale - 1
        )

    def upscale_luminance(self, small: Tensor, plain: Tensor) -> Tensor:
        """Return the large luminance, made from the small one alone."""
        large: Tensor = self.last_part(self.mid_part(self.first_part(small)))
        return large


def _activated(convolution: nn.Conv2d) -> tuple[nn.Conv2d, nn.PReLU]:
    return convolution, nn.PReLU(convolution.out_channels)
