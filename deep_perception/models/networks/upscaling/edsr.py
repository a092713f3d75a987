"""EDSR baseline: Lim et al., Enhanced Deep Residual Networks for Single Image Super-Resolution, CVPR Workshops 2017.

Layers are named as in the authors' public repository sanghyun-son/EDSR-PyTorch (MIT): the files released there fit as
they are. Like those, the network works on values from 0 to 255.
"""

import torch
from torch import Tensor, nn

from deep_perception.models.networks.upscaling.network import UpscalingNetwork

BLOCKS = 16
WIDTH = 64
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
RANGE = 255


class MeanShift(nn.Conv2d):
    """Adds or takes away the mean colour of the training pictures; a convolution, since the files hold one."""

    def __init__(self, sign: int) -> None:
        super().__init__(3, 3, 1)
        with torch.no_grad():
            self.weight.copy_(torch.eye(3).view(3, 3, 1, 1))
            self.bias.copy_(sign * RANGE * torch.tensor(DIV2K_MEAN))  # type: ignore[union-attr]
        self.requires_grad_(False)


class ResidualBlock(nn.Module):
    """Two convolutions around a ReLU, added to what came in; no norm."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(_convolution(WIDTH, WIDTH), nn.ReLU(inplace=True), _convolution(WIDTH, WIDTH))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        return features + self.body(features)


class EDSR(UpscalingNetwork):
    """Sixteen residual blocks of 64 channels, then sub-pixel convolutions."""

    reach = 1 + 2 * BLOCKS + 1 + 2

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.sub_mean = MeanShift(-1)
        self.add_mean = MeanShift(1)
        self.head = nn.Sequential(_convolution(3, WIDTH))
        self.body = nn.Sequential(*(ResidualBlock() for _ in range(BLOCKS)), _convolution(WIDTH, WIDTH))
        steps = [2, 2] if scale == 4 else [scale]
        enlarging = (layer for step in steps for layer in (_convolution(WIDTH, step**2 * WIDTH), nn.PixelShuffle(step)))
        self.tail = nn.Sequential(nn.Sequential(*enlarging), _convolution(WIDTH, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return RGB pictures of the large size."""
        features = self.head(self.sub_mean(RANGE * pictures))
        large: Tensor = self.add_mean(self.tail(features + self.body(features)))
        return large / RANGE


def _convolution(channels: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(channels, outputs, 3, padding=1)
