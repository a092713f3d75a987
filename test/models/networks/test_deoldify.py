"""DeOldify's generators are those of the public code: names, shapes, and what they make of a picture."""

import copy
import hashlib
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from deep_perception.models import checkpoint as checkpoints
from deep_perception.models.networks import deoldify
from deep_perception.models.networks.deoldify.convolutions import (
    NormedConvolution,
    SpectralConvolution,
    WeightNormedConvolution,
)
from deep_perception.models.networks.deoldify.generator import Attention
from deep_perception.models.unallocated import count_parameters, unallocated
from deep_perception.runtime.folding import fold_batch_norms

# Read off the public code's own networks, as it builds them for the released files.
WIDE = (754, 218_222_197, "2fd720b9a5985f3f62fc5ee60fa9e60212fd3f0496cde95a1bcf7f3bf561de8d")
PUBLIC = {
    "artistic": (378, 63_646_881, "8231097ff8d73695c1658ef72a8a65b9bdce6c101085810c586407b990f57ef1"),
    "stable": WIDE,
    "video": WIDE,
}
"""Number of tensors, number of parameters, sha256 of the sorted lines `name shape`."""

SHAPES = {
    "artistic": {
        "layers.0.0.weight": (64, 3, 7, 7),
        "layers.3.0.0.weight_orig": (1024, 512, 3, 3),
        "layers.3.0.0.weight_u": (1024,),
        "layers.3.0.0.weight_v": (4608,),
        "layers.5.conv2.3.query.weight_orig": (96, 768, 1),
        "layers.5.conv2.3.gamma": (1,),
        "layers.7.conv1.0.weight_orig": (300, 400, 3, 3),
        "layers.8.conv.0.weight_g": (1200, 1, 1, 1),
        "layers.10.layers.1.0.bias": (303,),
        "layers.11.0.weight_orig": (3, 303, 1, 1),
    },
    "stable": {
        "layers.3.0.0.weight_orig": (4096, 2048, 3, 3),
        "layers.4.shuf.conv.0.weight_orig": (2048, 2048, 1, 1),
        "layers.5.conv.3.value.weight_orig": (512, 512, 1),
        "layers.7.conv.0.weight_orig": (256, 320, 3, 3),
        "layers.11.0.weight_orig": (3, 259, 1, 1),
    },
}


def made_by_rule(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same values for the same names on every machine and in every implementation."""
    made: dict[str, Tensor] = {}
    for name, tensor in sorted(state.items()):
        numbers = (torch.arange(tensor.numel()) * 7919 + 31 * len(name)) % 2003
        made[name] = value_by_rule(name, (numbers / 2003 - 0.5).reshape(tensor.shape))
    for name in made:
        if name.endswith("weight_orig"):
            matrix, start = made[name].flatten(1), name.removesuffix("orig")
            along = nn.functional.normalize(matrix.abs().sum(0), dim=0)
            made[f"{start}u"] = nn.functional.normalize(matrix @ along, dim=0)
            made[f"{start}v"] = nn.functional.normalize(matrix.T @ made[f"{start}u"], dim=0)
    return made


def value_by_rule(name: str, noise: Tensor) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(1)
    if name.endswith(("running_var", "gamma")) or (noise.dim() == 1 and name.endswith("weight")):
        return 1 + 0.4 * noise
    if noise.dim() > 1:
        return noise / max(noise[0].numel(), 1) ** 0.5
    return 0.2 * noise


@pytest.fixture(scope="module")
def artistic() -> nn.Module:
    network = deoldify.build("artistic")
    network.load_state_dict(made_by_rule(network.state_dict()))
    return network.eval()


@pytest.fixture(scope="module")
def picture() -> Tensor:
    y, x = torch.meshgrid(torch.arange(64) / 64, torch.arange(64) / 64, indexing="ij")
    return torch.stack([torch.sin(9 * x), torch.cos(7 * y), torch.sin(5 * x * y)])[None] * 2


def answer(network: nn.Module, picture: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(picture)
