"""The network of "Real-Time User-Guided Image Colorization", as its authors released it."""

import hashlib

import pytest
import torch
from torch import nn

from deep_perception.models.networks.zhang_siggraph17 import (
    CLASSES,
    Siggraph17,
    build,
    grid_classes,
    named_weights,
)
from deep_perception.models.unallocated import count_parameters, unallocated


def names_and_shapes(network: nn.Module) -> str:
    """Digest of the sorted lines `name shape` of the state."""
    lines = [f"{name} {tuple(tensor.shape)}" for name, tensor in sorted(network.state_dict().items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.fixture(scope="module")
def network() -> Siggraph17:
    torch.manual_seed(0)
    return Siggraph17(4).eval()


def test_the_state_has_the_names_and_shapes_of_the_public_code():
    with unallocated():
        network = build()
    assert len(network.state_dict()) == 107
    assert count_parameters(network) == 34_187_027
    assert names_and_shapes(network) == "55ef5098d49116dee1ec0ccd3c85a7aaf1e8c1df152b7a44e8c67a93de7270aa"


def test_the_released_file_is_known_by_its_hash():
    [weights] = named_weights("colorizer_siggraph17")
    assert weights.file_name == "siggraph17-df00044c.pth"
    assert weights.sha256.startswith("df00044c") and len(weights.sha256) == 64
    assert (weights.licence, weights.labels) == ("BSD-2-Clause", ())


def test_it_answers_at_the_size_of_its_input_and_judges_at_a_quarter(network: Siggraph17):
    light = torch.rand(2, 1, 32, 48) * 100
    with torch.inference_mode():
        assert network(light).shape == (2, 2, 32, 48)
        _, features = network.colours_and_features(light)
        assert network.model_class(features).shape == (2, CLASSES, 8, 12)


def test_without_hints_it_answers_as_with_planes_that_hold_none(network: Siggraph17):
    light = torch.rand(1, 1, 16, 16) * 100
    with torch.inference_mode():
        assert torch.equal(network(light), network(light, torch.zeros(1, 3, 16, 16)))
        assert not torch.equal(network(light), network(light, torch.ones(1, 3, 16, 16)))


def test_classes_are_colours_ten_apart_numbered_by_a_and_then_by_b():
    axis = torch.arange(-110, 111, 10)
    grid = torch.cartesian_prod(axis, axis).T[None, :, :, None]
    assert torch.equal(grid_classes(grid + 4)[0, :, 0], torch.arange(CLASSES))
    assert torch.equal(grid_classes(grid - 4)[0, :, 0], torch.arange(CLASSES))


def test_a_colour_beyond_the_grid_belongs_to_its_border():
    ab = torch.tensor([[-300.0, 300.0], [-300.0, 300.0]])[None, :, :, None]
    assert grid_classes(ab).flatten().tolist() == [0, CLASSES - 1]
