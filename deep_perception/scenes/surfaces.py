"""Textures of the table tops and of the room, in linear light."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from deep_perception.scenes.paint import Colour, Texture, canvas, darker, hsv

Grey = NDArray[np.float32]


def cloudy(rng: np.random.Generator, size: tuple[int, int], cells: tuple[float, float], octaves: int = 4) -> Grey:
    """Smooth noise (h, w), about unit variance; `cells` is the number of its bumps down and across."""
    height, width = size
    total, weight, power = np.zeros(size, np.float32), 1.0, 0.0
    for octave in range(octaves):
        rows, columns = (min(side, max(2, round(cell * 2**octave))) for side, cell in zip(size, cells, strict=True))
        bumps = rng.standard_normal((rows, columns)).astype(np.float32)
        total += weight * cv2.resize(bumps, (width, height), interpolation=cv2.INTER_CUBIC)
        power, weight = power + weight**2, weight * 0.55
    return total / np.float32(np.sqrt(power * 0.5))


def tinted(colour: Colour, brightness: Grey) -> Texture:
    return np.array(colour, np.float32) * np.maximum(brightness, 0)[..., None]


def wood(rng: np.random.Generator, size: tuple[int, int]) -> Texture:
    """Planks along the table, each with its own grain and shade."""
    height, width = size
    planks = int(rng.integers(4, 8))
    shade = rng.uniform(0.75, 1.15, planks)[np.arange(height) * planks // height]
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    warp = cloudy(rng, size, (3 * planks, 2), 2)
    rings = np.sin(2 * np.pi * (rows * planks * 5 + 0.55 * warp))
    fibres = cloudy(rng, size, (height / 2, width / 60), 2)
    brightness = shade[:, None] * (1 + 0.14 * rings + 0.1 * fibres)
    seam = np.abs((np.arange(height) * planks / height) % 1 - 0.5) > 0.5 - 0.9 * planks / height
    brightness[seam] *= 0.4
    timber = hsv(rng.uniform(0.055, 0.09), rng.uniform(0.5, 0.72), rng.uniform(0.55, 0.82))
    return tinted(timber, np.float32(brightness))


def marble(rng: np.random.Generator, size: tuple[int, int]) -> Texture:
    """Polished stone: pale, green or dark, with veins."""
    clouds = cloudy(rng, size, (3, 5), 4)
    veins = np.exp(-16 * np.abs(cloudy(rng, size, (1.5, 2.5), 5)))
    veins += 0.5 * np.exp(-24 * np.abs(cloudy(rng, size, (3, 4), 5)))
    stone, vein = [
        (hsv(0.1, 0.05, 0.93), hsv(0.6, 0.1, 0.5)),
        (hsv(0.08, 0.2, 0.88), hsv(0.05, 0.5, 0.5)),
        (hsv(0.4, 0.45, 0.35), hsv(0.35, 0.1, 0.8)),
        (hsv(0.6, 0.1, 0.2), hsv(0.1, 0.08, 0.85)),
    ][rng.integers(4)]
    amount = np.clip(veins, 0, 1)[..., None]
    return tinted(stone, 1 + 0.06 * clouds) * (1 - amount) + np.array(vein, np.float32) * amount


def cloth(rng: np.random.Generator, size: tuple[int, int]) -> Texture:
    """A checked tablecloth with its weave."""
    height, width = size
    step = int(rng.integers(26, 46))
    across = (np.arange(width) // step % 2).astype(np.float32)
    down = (np.arange(height) // step % 2).astype(np.float32)
    amount = cv2.GaussianBlur((across[None] + down[:, None]) / 2, (0, 0), 0.8)[..., None]
    yarn, pale = hsv(rng.uniform(), rng.uniform(0.65, 0.95), rng.uniform(0.45, 0.85)), hsv(0.12, 0.06, 0.93)
    weave = 1 + 0.07 * rng.standard_normal((height, width), np.float32) + 0.05 * cloudy(rng, size, (3, 5), 2)
    return (np.array(yarn, np.float32) * amount + np.array(pale, np.float32) * (1 - amount)) * weave[..., None]


def metal(rng: np.random.Generator, size: tuple[int, int]) -> Texture:
    """Brushed steel: long fine scratches and broad soft gleams across them."""
    height, width = size
    scratches = 0.7 * cloudy(rng, size, (height, width / 300), 1) + 0.5 * cloudy(rng, size, (height, width / 40), 1)
    gleam = np.sin(np.linspace(0, rng.uniform(5, 9), width) + rng.uniform(0, 6))[None]
    brightness = 1 + 0.09 * scratches + 0.2 * gleam
    steel = hsv(rng.uniform(0.55, 0.62), rng.uniform(0.04, 0.14), rng.uniform(0.62, 0.76))
    return tinted(steel, np.float32(brightness))


def concrete(rng: np.random.Generator, size: tuple[int, int]) -> Texture:
    """Cast concrete: blotches, sand and open pores."""
    blotches = cloudy(rng, size, (4, 6), 5)
    sand = rng.standard_normal(size, dtype=np.float32)
    brightness = 1 + 0.13 * blotches + 0.06 * sand
    pores = cloudy(rng, size, (size[0] / 4, size[1] / 4), 1)
    brightness *= 1 - 0.55 * np.clip(pores - 2.6, 0, 1)
    cement = hsv(rng.uniform(0.08, 0.14), rng.uniform(0.02, 0.1), rng.uniform(0.5, 0.68))
    return tinted(cement, np.float32(brightness))


BUILDERS: tuple[Callable[[np.random.Generator, tuple[int, int]], Texture], ...] = (wood, marble, cloth, metal, concrete)

SURFACES = tuple(builder.__name__ for builder in BUILDERS)


def wall(rng: np.random.Generator, colour: Colour) -> Texture:
    """A painted wall 120 x 200 with pictures, a skirting board, and furniture in front of it."""
    texture = canvas(colour, 120, 200)
    texture *= np.linspace(1.15, 0.6, 120, dtype=np.float32)[:, None, None]
    for _ in range(3):
        left, top = int(rng.integers(0, 160)), int(rng.integers(8, 32))
        area = left, top, left + int(rng.integers(14, 46)), top + int(rng.integers(14, 30))
        _framed(texture, area, hsv(rng.uniform(), rng.uniform(0, 0.6), rng.uniform(0.3, 1)))
    texture[112:] = 0.7 if rng.uniform() < 0.5 else 0.08
    left = int(rng.integers(-20, 30))
    while left < 200:
        right, top = left + int(rng.integers(20, 60)), int(rng.integers(62, 95))
        cupboard = hsv(rng.uniform(0.02, 0.7), rng.uniform(0.1, 0.6), rng.uniform(0.3, 0.8))
        cv2.rectangle(texture, (left, top), (right, 119), cupboard, -1)
        for edge in range(left, right, 14):
            _framed(texture, (edge + 2, top + 4, min(edge + 11, right), 114), darker(cupboard, 0.8))
        left = right + int(rng.integers(15, 70))
    return texture


def _framed(texture: Texture, area: tuple[int, int, int, int], fill: Colour) -> None:
    left, top, right, bottom = area
    cv2.rectangle(texture, (left - 1, top - 1), (right + 1, bottom + 1), (0.05, 0.035, 0.025), -1)
    cv2.rectangle(texture, (left, top), (right, bottom), fill, -1)


def floor(rng: np.random.Generator) -> Texture:
    """Boards or tiles, with a rug, dark where the table stands in the middle."""
    ground = hsv(rng.uniform(0.05, 0.12), rng.uniform(0.1, 0.6), rng.uniform(0.3, 0.7))
    texture = tinted(ground, 1 + 0.1 * cloudy(rng, (200, 200), (60, 5), 2))
    texture[:: int(rng.integers(8, 20))] *= 0.5
    if rng.uniform() < 0.5:
        texture[:, :: int(rng.integers(12, 40))] *= 0.5
    if rng.uniform() < 0.6:
        rug, edge = hsv(rng.uniform(), 0.6, 0.6), hsv(rng.uniform(), 0.3, 0.8)
        cv2.rectangle(texture, (30, 40), (170, 175), edge, -1)
        cv2.rectangle(texture, (36, 46), (164, 169), rug, -1)
    shade = np.zeros((200, 200), np.float32)
    shade[70:130, 60:140] = 0.8
    return texture * (1 - cv2.GaussianBlur(shade, (0, 0), 12))[..., None]
