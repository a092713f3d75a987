"""A small variational autoencoder, which learns what is usual and so knows what is not.

Kingma & Welling 2013, "Auto-encoding variational Bayes": a picture x is thought of as drawn from a few hidden numbers
z, which are normal. An encoder tells from x the mean and the variance of z, a decoder draws the picture that a z stands
for. What both learn is to make the bound on the likelihood of the pictures as high as it gets, that is to make small

    bound(x) = (x - decoded(z))² / (2 NOISE²)  +  KL(encoded(x) || normal)

The first part is how badly the picture is drawn again, the second how unusual the z is that it takes. A picture with a
high bound is unlike what was learnt from.
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from deep_perception.predictions import Image

SIDE = 64
HIDDEN = 32
"""How many numbers z has."""

NOISE = 0.1
"""How far a colour, from 0 to 1, may be off: the standard deviation of what is drawn."""

SMOOTHED = 1.5
"""Standard deviation in pixels of the blur that pictures get: nobody can foretell where each fibre of a cloth is, and
without it whatever has less texture than the pictures learnt from counts as the more usual."""

CHANNELS = (3, 16, 32, 32, 64)
BATCH = 32
RATE = 2e-3


class Autoencoder(nn.Module):
    """Encoder and decoder of pictures (n, 3, SIDE, SIDE) float32 from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        down = [_down(*pair) for pair in pairwise(CHANNELS)]
        grid = SIDE // 2 ** len(down)
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(CHANNELS[-1] * grid**2, 2 * HIDDEN))
        up = [_up(*pair) for pair in pairwise(CHANNELS[:0:-1])]
        self.decoder = nn.Sequential(
            nn.Linear(HIDDEN, CHANNELS[-1] * grid**2),
            nn.Unflatten(1, (CHANNELS[-1], grid, grid)),
            *up,
            nn.ConvTranspose2d(CHANNELS[1], CHANNELS[0], 4, 2, 1),
            nn.Sigmoid(),
        )

    def encoded(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and logarithm of the variance of z, (n, HIDDEN) each."""
        mean, log_variance = self.encoder(pictures).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)

    def bound(self, pictures: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return reconstruction + KL (n,); with a generator at a z drawn from it, without at the mean of z."""
        mean, log_variance = self.encoded(pictures)
        z = mean if generator is None else drawn(mean, log_variance, generator)
        return reconstruction(pictures, self.decoder(z)) + divergence(mean, log_variance)


def drawn(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """Draw z so that a gradient passes to what it is drawn from: the noise comes from outside (reparameterisation)."""
    return mean + (0.5 * log_variance).exp() * torch.randn(mean.shape, generator=generator)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return how far each z is from the standard normal: the Kullback-Leibler divergence (n,) in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def reconstruction(pictures: Tensor, again: Tensor) -> Tensor:
    """Return how badly each picture is drawn again (n,), in nats, up to a constant."""
    return (pictures - again).square().flatten(1).sum(1) / (2 * NOISE**2)


def shrunk(image: Image) -> Image:
    """Return a picture as small as the autoencoder takes it."""
    return np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def tensor_of(images: Sequence[Image]) -> Tensor:
    """Return pictures as the autoencoder takes them."""
    smooth = [cv2.GaussianBlur(shrunk(image), (0, 0), SMOOTHED) for image in images]
    return torch.from_numpy(np.stack(smooth)).permute(0, 3, 1, 2).float() / 255


def learn(network: Autoencoder, pictures: Tensor, steps: int, seed: int) -> list[float]:
    """Train on pictures (n, 3, SIDE, SIDE) and return the mean bound of each step; equal arguments, equal weights."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    network.train()
    bounds = []
    for _ in range(steps):
        chosen = pictures[torch.randint(len(pictures), (BATCH,), generator=generator)]
        loss = network.bound(chosen, generator).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        bounds.append(loss.item())
    network.eval()
    return bounds


def _down(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 4, 2, 1), nn.ReLU())


def _up(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(before, after, 4, 2, 1), nn.ReLU())
