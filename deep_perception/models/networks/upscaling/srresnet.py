"""SRResNet: Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, 2017.

The generator of that paper as it is before it meets the discriminator. Layers are named as in the public repository
Lornatang/SRGAN-PyTorch (Apache-2.0), which has scales 2 and 4; scale 3 is one step of 3.
"""

from torch import Tensor, nn

from deep_perception.models.networks.upscaling.network import UpscalingNetwork

BLOCKS = 16
WIDTH = 64


class ResidualBlock(nn.Module):
    """Two normalised convolutions around a PReLU, added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.rcb = nn.Sequential(*_normalised(), nn.PReLU(), *_normalised())

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        return features + self.rcb(features)


class Step(nn.Module):
    """Enlarges features by a sub-pixel convolution."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.upsample_block = nn.Sequential(
            nn.Conv2d(WIDTH, scale**2 * WIDTH, 3, padding=1), nn.PixelShuffle(scale), nn.PReLU()
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the large size."""
        large: Tensor = self.upsample_block(features)
        return large


class SRResNet(UpscalingNetwork):
    """Sixteen residual blocks of 64 channels, then sub-pixel convolutions."""

    reach = 4 + 2 * BLOCKS + 1 + 3

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.conv1 = nn.Sequential(nn.Conv2d(3, WIDTH, 9, padding=4), nn.PReLU())
        self.trunk = nn.Sequential(*(ResidualBlock() for _ in range(BLOCKS)))
        self.conv2 = nn.Sequential(*_normalised())
        self.upsampling = nn.Sequential(*(Step(step) for step in ([2, 2] if scale == 4 else [scale])))
        self.conv3 = nn.Conv2d(WIDTH, 3, 9, padding=4)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return RGB pictures of the large size."""
        features = self.conv1(pictures)
        large: Tensor = self.conv3(self.upsampling(features + self.conv2(self.trunk(features))))
        return large


def _normalised() -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    return nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False), nn.BatchNorm2d(WIDTH)
