"""Convolutions whose weight is made from other tensors whenever it is needed.

torch's own spectral and weight normalisation leave the weight that they made on the module, where it cannot be copied
once gradients flow through it; the names of what they save are kept.
"""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

STEPS = 4
"""Power iterations before a new weight is used: its largest singular value is known to a few percent."""


class NormedConvolution(nn.Module):
    """Convolution over one or two dimensions, of stride 1, that keeps the size."""

    bias: Tensor | None

    def __init__(self, outputs: int, bias: bool) -> None:
        super().__init__()
        self.register_parameter("bias", nn.Parameter(torch.zeros(outputs)) if bias else None)

    @abstractmethod
    def start(self, weight: Tensor) -> None:
        """Begin from this weight."""

    @abstractmethod
    def normed_weight(self) -> Tensor:
        """Return the weight to convolve with, (outputs, inputs, *size)."""

    def forward(self, features: Tensor) -> Tensor:
        """Convolve (N, inputs, ...) into (N, outputs, ...)."""
        # Half precision would cost the norm more digits than the weight has.
        with torch.autocast(features.device.type, enabled=False):
            weight = self.normed_weight()
        convolve = functional.conv1d if weight.dim() == 3 else functional.conv2d
        return convolve(features, weight, self.bias, padding=weight.shape[-1] // 2)

    def settled(self) -> nn.Conv1d | nn.Conv2d:
        """Return a plain convolution that answers as this one does now."""
        weight = self.normed_weight().detach()
        kind = nn.Conv1d if weight.dim() == 3 else nn.Conv2d
        size = weight.shape[-1]
        with torch.device("meta"):
            plain = kind(weight.shape[1], weight.shape[0], size, padding=size // 2, bias=self.bias is not None)
        plain.weight = nn.Parameter(weight)
        plain.bias = self.bias
        return plain


class SpectralConvolution(NormedConvolution):
    """The weight is divided by its largest singular value, which every training pass estimates better."""

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, inputs: int, outputs: int, size: int, *, bias: bool = False, dimensions: int = 2) -> None:
        super().__init__(outputs, bias)
        self.weight_orig = nn.Parameter(torch.empty(outputs, inputs, *[size] * dimensions))
        self.register_buffer("weight_u", functional.normalize(torch.randn(outputs), dim=0))
        self.register_buffer("weight_v", torch.zeros(inputs * size**dimensions))
        self.start(nn.init.kaiming_normal_(self.weight_orig))

    @torch.no_grad()
    def start(self, weight: Tensor) -> None:
        """Begin from this weight."""
        self.weight_orig.copy_(weight)
        for _ in range(STEPS):
            self._iterate()

    @torch.no_grad()
    def _iterate(self) -> None:
        # New tensors rather than new values: a pass whose gradients are still to come needs the old ones.
        matrix = self.weight_orig.flatten(1)
        self.weight_v = functional.normalize(matrix.T @ self.weight_u, dim=0)
        self.weight_u = functional.normalize(matrix @ self.weight_v, dim=0)

    def normed_weight(self) -> Tensor:
        """Return the weight divided by its largest singular value."""
        if self.training:
            self._iterate()
        return self.weight_orig / torch.dot(self.weight_u, self.weight_orig.flatten(1) @ self.weight_v)


class WeightNormedConvolution(NormedConvolution):
    """The length and the direction of each filter are learnt apart."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__(outputs, bias=True)
        self.weight_g = nn.Parameter(torch.empty(outputs, 1, 1, 1))
        self.weight_v = nn.Parameter(torch.empty(outputs, inputs, size, size))
        self.start(nn.init.kaiming_normal_(self.weight_v))

    @torch.no_grad()
    def start(self, weight: Tensor) -> None:
        """Begin from this weight."""
        self.weight_v.copy_(weight)
        self.weight_g.copy_(_lengths(weight))

    def normed_weight(self) -> Tensor:
        """Return the directions at their lengths."""
        return self.weight_v * (self.weight_g / _lengths(self.weight_v))


def _lengths(weight: Tensor) -> Tensor:
    return torch.linalg.vector_norm(weight, dim=(1, 2, 3), keepdim=True)
