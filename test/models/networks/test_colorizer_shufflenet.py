"""A colorizer small enough to ship."""

import numpy as np
import torch

from deep_perception.models.networks import fcos_shufflenet
from deep_perception.models.networks.colorizer_shufflenet import INPUT_SIZE, build, prepare
from deep_perception.models.unallocated import count_parameters, unallocated


def test_it_is_small():
    with unallocated():
        assert count_parameters(build()) < 1_000_000


def test_it_answers_with_colours_at_a_quarter_of_its_input():
    network = build().eval()
    with torch.inference_mode():
        pictures = torch.randn(2, 3, 64, 96)
        assert network(pictures).shape == (2, 2, 16, 24)
        assert network.scores(pictures).shape == (2, 313, 16, 24)


def test_its_body_is_the_detectors_tensor_by_tensor():
    def shapes(network: torch.nn.Module) -> dict[str, torch.Size]:
        return {name: tensor.shape for name, tensor in network.state_dict().items() if name.startswith("backbone.")}

    assert shapes(build()) == shapes(fcos_shufflenet.build(3))


def test_every_part_of_it_learns():
    network = build()
    network.scores(torch.randn(2, 3, 64, 64)).square().mean().backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not idle


def test_what_it_sees_of_a_picture_is_gray():
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    seen = prepare(torch.from_numpy(image).permute(2, 0, 1), INPUT_SIZE)
    assert seen.shape == (3, *INPUT_SIZE)
    mean, std = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    gray = seen * std + mean
    torch.testing.assert_close(gray[0], gray[1])
    torch.testing.assert_close(gray[0], gray[2])
    assert gray.min() >= 0 and gray.max() <= 1
