"""How different two colours look: CIEDE2000 (ISO/CIE 11664-6), its weights all 1."""

import torch
from torch import Tensor

FAR = 25.0**7


def ciede2000(lab: Tensor, other: Tensor) -> Tensor:
    """Return the difference of Lab colours (..., 3, H, W), without the colour dimension; about 1 can just be seen."""
    (light, a, b), (other_light, other_a, other_b) = lab.unbind(-3), other.unbind(-3)
    stretch = 1.5 - 0.5 * _saturated((torch.hypot(a, b) + torch.hypot(other_a, other_b)) / 2)
    chroma, other_chroma = torch.hypot(stretch * a, b), torch.hypot(stretch * other_a, other_b)
    hue, other_hue = _angle(b, stretch * a), _angle(other_b, stretch * other_a)
    turn = 180 - (180 - (other_hue - hue)) % 360
    middle = (hue + turn / 2) % 360
    mean_chroma, away = (chroma + other_chroma) / 2, ((light + other_light) / 2 - 50) ** 2
    by_light = (other_light - light) / (1 + 0.015 * away / (20 + away).sqrt())
    by_chroma = (other_chroma - chroma) / (1 + 0.045 * mean_chroma)
    by_hue = 2 * (chroma * other_chroma).sqrt() * _sine(turn / 2) / (1 + 0.015 * mean_chroma * _hue_weight(middle))
    rotation = 2 * _saturated(mean_chroma) * -_sine(60 * torch.exp(-(((middle - 275) / 25) ** 2)))
    squares = by_light**2 + by_chroma**2 + by_hue**2 + rotation * by_chroma * by_hue
    return squares.clamp(min=0).sqrt()


def _saturated(chroma: Tensor) -> Tensor:
    power = chroma**7
    return (power / (power + FAR)).sqrt()


def _hue_weight(hue: Tensor) -> Tensor:
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    return sum((share * _sine(times * hue + shift + 90) for share, times, shift in waves), torch.ones_like(hue))


def _angle(y: Tensor, x: Tensor) -> Tensor:
    return torch.rad2deg(torch.atan2(y, x)) % 360


def _sine(degrees: Tensor) -> Tensor:
    return torch.sin(torch.deg2rad(degrees))
