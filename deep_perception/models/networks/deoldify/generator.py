"""The U-Net: a ResNet looks, and steps that join what it saw at each size lead back to the size of the picture."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import ResNet

from deep_perception.models.networks.deoldify.convolutions import (
    NormedConvolution,
    SpectralConvolution,
    WeightNormedConvolution,
)

SEEN = (2, 4, 5, 6)
"""The parts of the encoder after which the size halves, by their place in it."""

LIMIT = 3.0
"""Colours lie between -3 and 3 standard deviations of ImageNet's."""


class Generator(nn.Module):
    """Turns a picture, normalised as for ImageNet, into its colours: (N, 3, H, W) to (N, 3, H, W), even H and W."""

    def __init__(self, resnet: ResNet, deepest: int, skips: Sequence[int], steps: Iterable["Step"]) -> None:
        super().__init__()
        steps = list(steps)
        last = steps[-1].outputs
        self.layers = nn.ModuleList(
            [
                nn.Sequential(*list(resnet.children())[:-2]),
                _norm(deepest),
                nn.ReLU(),
                nn.Sequential(_mix(deepest, 2 * deepest), _mix(2 * deepest, deepest)),
                *steps,
                Enlarge(nn.Sequential(WeightNormedConvolution(last, 4 * last, 1))),
                nn.Identity(),  # the released files count the joining with the picture as a layer ...
                Residual(last + 3),
                nn.Sequential(SpectralConvolution(last + 3, 3, 1, bias=True)),
                nn.Identity(),  # ... and the sigmoid
            ]
        )

    def forward(self, picture: Tensor) -> Tensor:
        """Return the coloured picture."""
        encoder, norm, relu, middle, *steps, enlarge, _, refine, last, _ = self.layers
        features, seen = picture, list[Tensor]()
        for place, part in enumerate(encoder.children()):
            features = part(features)
            if place in SEEN:
                seen.append(features)
        features = middle(relu(norm(features)))
        for step in steps:
            features = step(features, seen.pop())
        features = refine(torch.cat([enlarge(features), picture], 1))
        return (2 * torch.sigmoid(last(features)) - 1) * LIMIT


class Enlarge(nn.Module):
    """Twice the size by pixel shuffle, blurred against its pattern."""

    def __init__(self, conv: nn.Sequential) -> None:
        super().__init__()
        self.conv = conv
        convolution = conv[0]
        assert isinstance(convolution, NormedConvolution)
        with torch.no_grad():
            few = torch.empty_like(convolution.normed_weight()[::4])
            # The four pixels that one becomes start out equal.
            convolution.start(nn.init.kaiming_normal_(few).repeat_interleave(4, 0))

    def forward(self, features: Tensor) -> Tensor:
        """Turn (N, C, H, W) into (N, C', 2H, 2W)."""
        larger = functional.pixel_shuffle(functional.relu(self.conv(features)), 2)
        return functional.avg_pool2d(functional.pad(larger, (1, 0, 1, 0), mode="replicate"), 2, stride=1)


class Step(nn.Module):
    """One step up: enlarge, join what the encoder saw at that size, mix."""

    def __init__(self, inputs: int, enlarged: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        convolution = SpectralConvolution(inputs, 4 * enlarged, 1)
        self.shuf = Enlarge(nn.Sequential(convolution, nn.BatchNorm2d(4 * enlarged)))
        self.bn = _norm(skip)

    def forward(self, features: Tensor, seen: Tensor) -> Tensor:
        """Join features (N, C, h, w) with what was seen (N, C', H, W), twice as large or one pixel less."""
        larger = self.shuf(features)
        if larger.shape[-2:] != seen.shape[-2:]:
            larger = functional.interpolate(larger, seen.shape[-2:])
        return self.mixed(functional.relu(torch.cat([larger, self.bn(seen)], 1)))

    @abstractmethod
    def mixed(self, joined: Tensor) -> Tensor:
        """Mix the channels."""


class DeepStep(Step):
    """Mixes twice, with more channels."""

    def __init__(self, inputs: int, skip: int, outputs: int, attentive: bool) -> None:
        super().__init__(inputs, inputs // 2, skip, outputs)
        self.conv1 = _mix(inputs // 2 + skip, outputs)
        self.conv2 = _mix(outputs, outputs, attentive)

    def mixed(self, joined: Tensor) -> Tensor:
        """Mix the channels."""
        mixed: Tensor = self.conv2(self.conv1(joined))
        return mixed

    @classmethod
    def steps(cls, inputs: int, skips: Sequence[int], share: float) -> Iterable[Step]:
        """Yield the steps from the deepest features up; the second pays attention, the last is half as wide."""
        for place, skip in enumerate(skips):
            joined = inputs // 2 + skip
            outputs = int((joined // 2 if place == len(skips) - 1 else joined) * share)
            yield cls(inputs, skip, outputs, attentive=place == 1)
            inputs = outputs


class WideStep(Step):
    """Mixes once, always to the same number of channels."""

    def __init__(self, inputs: int, skip: int, outputs: int, attentive: bool) -> None:
        super().__init__(inputs, outputs, skip, outputs)
        self.conv = _mix(outputs + skip, outputs, attentive)

    def mixed(self, joined: Tensor) -> Tensor:
        """Mix the channels."""
        mixed: Tensor = self.conv(joined)
        return mixed

    @classmethod
    def steps(cls, inputs: int, skips: Sequence[int], width: int) -> Iterable[Step]:
        """Yield the steps from the deepest features up; the second pays attention, the last is half as wide."""
        for place, skip in enumerate(skips):
            outputs = width // (4 if place == len(skips) - 1 else 2)
            yield cls(inputs, skip, outputs, attentive=place == 1)
            inputs = outputs


class Attention(nn.Module):
    """Every place gathers from all others; `gamma` says how much of it counts, nothing at first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = SpectralConvolution(channels, channels // 8, 1, dimensions=1)
        self.key = SpectralConvolution(channels, channels // 8, 1, dimensions=1)
        self.value = SpectralConvolution(channels, channels, 1, dimensions=1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, H, W) as it came, with what was gathered."""
        flat = features.flatten(2)
        asked, offered, held = (part(flat).mT for part in (self.query, self.key, self.value))
        # Shares add up over the places of `query`: what others call the key.
        gathered = functional.scaled_dot_product_attention(offered, asked, held, scale=1.0)
        return features + self.gamma * gathered.mT.reshape(features.shape)


class Residual(nn.Module):
    """Two convolutions beside a way past them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        pairs = [(SpectralConvolution(channels, channels, 3, bias=True), nn.ReLU()) for _ in range(2)]
        self.layers = nn.ModuleList([nn.Sequential(*pair) for pair in pairs])

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, H, W) refined."""
        first, second = self.layers
        refined: Tensor = features + second(first(features))
        return refined


def _mix(inputs: int, outputs: int, attentive: bool = False) -> nn.Sequential:
    mix = nn.Sequential(SpectralConvolution(inputs, outputs, 3), nn.ReLU(), nn.BatchNorm2d(outputs))
    return mix.append(Attention(outputs)) if attentive else mix


def _norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels)
    nn.init.constant_(norm.bias, 1e-3)
    return norm
