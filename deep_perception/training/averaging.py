"""The running average of the weights, which is steadier and usually better than the latest."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

WINDOW = 200
"""Steps that the average reaches back at most."""


def average_of(network: nn.Module) -> AveragedModel:
    """Begin an average of weights and statistics; `update_parameters` adds the latest, `module` is the average."""
    average = AveragedModel(network, multi_avg_fn=_drift, use_buffers=True)
    average.requires_grad_(False)
    return average


def newest_share(count: int) -> float:
    """Return the weight of the latest after `count` others: much while they are few, or the start would stay in it."""
    return max(1 / WINDOW, 9 / (10 + count))


@torch.no_grad()
def _drift(average: Any, latest: Any, count: Tensor | int) -> None:
    """Move tensors of one kind, all at once."""
    if average[0].is_floating_point():
        torch._foreach_lerp_(average, latest, newest_share(int(count)))
    else:
        torch._foreach_copy_(average, latest)  # what batch norms count
