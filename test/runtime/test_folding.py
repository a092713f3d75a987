"""Folding keeps the answers and removes the norms it can."""

import pytest
import torch
from torch import nn
from torchvision.models import mobilenet_v2, resnet18

from deep_perception.runtime.folding import fold_batch_norms


def lively(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("build", [mobilenet_v2, resnet18])
def test_a_folded_network_answers_as_before_without_its_norms(build):
    network, picture = lively(build(weights=None)), torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(picture)
    fold_batch_norms(network, picture)
    with torch.inference_mode():
        torch.testing.assert_close(network(picture), before, rtol=1e-3, atol=1e-3)
    assert norms(network) == 0


class Shared(nn.Module):
    """A convolution whose output two modules read, and one that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.read_twice, self.norm, self.other = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)
        self.run_twice, self.norm_twice = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, picture):
        features = self.read_twice(picture)
        both = self.norm(features) + self.other(features)
        return self.norm_twice(self.run_twice(both)) + self.norm_twice(self.run_twice(picture))


def test_a_norm_that_is_not_alone_is_left_where_it_is():
    network, picture = lively(Shared()), torch.randn(1, 3, 8, 8)
    before = network(picture)
    fold_batch_norms(network, picture)
    assert norms(network) == 2
    torch.testing.assert_close(network(picture), before)
