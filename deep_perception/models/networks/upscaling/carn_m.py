"""CARN-M: Ahn et al., Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network, ECCV 2018.

Layers are named as in the authors' public repository nmhkahn/CARN-pytorch (MIT): the file released there, one network
for the scales 2, 3 and 4, fits as it is.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from deep_perception.models.networks.upscaling.network import UpscalingNetwork

WIDTH = 64
GROUPS = 4
DEPTH = 3
"""Blocks of the network, and residual units of a block."""
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


class MeanShift(nn.Module):
    """Adds or takes away the mean colour of the training pictures; a convolution, since the file holds one."""

    def __init__(self, sign: int) -> None:
        super().__init__()
        self.shifter = nn.Conv2d(3, 3, 1)
        with torch.no_grad():
            self.shifter.weight.copy_(torch.eye(3).view(3, 3, 1, 1))
            self.shifter.bias.copy_(sign * torch.tensor(DIV2K_MEAN))  # type: ignore[union-attr]
        self.requires_grad_(False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return shifted colours."""
        shifted: Tensor = self.shifter(pictures)
        return shifted


class ResidualUnit(nn.Module):
    """Two grouped convolutions and one that mixes the groups, added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1, groups=GROUPS),
            nn.ReLU(inplace=True),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1, groups=GROUPS),
            nn.ReLU(inplace=True),
            nn.Conv2d(WIDTH, WIDTH, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        return functional.relu(features + self.body(features))


class Fusion(nn.Module):
    """Makes one set of features of `count`."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(count * WIDTH, WIDTH, 1), nn.ReLU(inplace=True))

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, 64, H, W)."""
        fused: Tensor = self.body(features)
        return fused


class Block(nn.Module):
    """One residual unit, used three times in cascade."""

    def __init__(self) -> None:
        super().__init__()
        self.b1 = ResidualUnit()
        self.c1, self.c2, self.c3 = (Fusion(count + 2) for count in range(DEPTH))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        return _cascade(features, [self.b1] * DEPTH, (self.c1, self.c2, self.c3))


class Step(nn.Module):
    """Enlarges features by grouped sub-pixel convolutions."""

    def __init__(self, factors: Iterable[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for factor in factors:
            layers += [nn.Conv2d(WIDTH, factor**2 * WIDTH, 3, padding=1, groups=GROUPS), nn.ReLU(inplace=True)]
            layers += [nn.PixelShuffle(factor)]
        self.body = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the large size."""
        large: Tensor = self.body(features)
        return large


class CARNM(UpscalingNetwork):
    """Three blocks in cascade and a way up for each scale, of which `scale` chooses one."""

    reach = 1 + 2 * DEPTH * DEPTH + 2

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.sub_mean = MeanShift(-1)
        self.add_mean = MeanShift(1)
        self.entry = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.b1, self.b2, self.b3 = (Block() for _ in range(DEPTH))
        self.c1, self.c2, self.c3 = (Fusion(count + 2) for count in range(DEPTH))
        self.upsample = nn.ModuleDict({"up2": Step([2]), "up3": Step([3]), "up4": Step([2, 2])})
        self.exit = nn.Conv2d(WIDTH, 3, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return RGB pictures of the large size."""
        features = self.entry(self.sub_mean(pictures))
        features = _cascade(features, (self.b1, self.b2, self.b3), (self.c1, self.c2, self.c3))
        large: Tensor = self.add_mean(self.exit(self.upsample[f"up{self.scale}"](features)))
        return large


def _cascade(features: Tensor, units: Sequence[nn.Module], fusions: Sequence[nn.Module]) -> Tensor:
    """Let each unit work on what is fused from the outputs of all before it."""
    seen = latest = features
    for unit, fuse in zip(units, fusions, strict=True):
        seen = torch.cat([seen, unit(latest)], 1)
        latest = fuse(seen)
    return latest
