"""Promises of the layer table."""

import pytest
import torch
from torch import nn
from torchvision import models as zoo

from deep_perception.models import build_network, find
from deep_perception.models import torchvision_nets as tv
from deep_perception.models.networks import lenet
from deep_perception.models.summary import Layer, summarize
from deep_perception.models.unallocated import count_parameters, unallocated


def layers_of(network: nn.Module, size: tuple[int, ...]) -> dict[str, Layer]:
    return {layer.name: layer for layer in summarize(network, size)}


def test_lenet5_has_the_lectures_table() -> None:
    rows = [
        (r.kind, r.output, r.weight, r.parameters, r.flops, r.receptive_field)
        for r in summarize(lenet.build(), (1, 28, 28))
    ]
    assert rows == [
        ("Conv2d", (20, 28, 28), (20, 1, 5, 5), 520, 392_000, (5, 5)),
        ("ReLU", (20, 28, 28), None, 0, 0, (5, 5)),
        ("MaxPool2d", (20, 14, 14), None, 0, 0, (6, 6)),
        ("Conv2d", (50, 14, 14), (50, 20, 5, 5), 25_050, 4_900_000, (14, 14)),
        ("ReLU", (50, 14, 14), None, 0, 0, (14, 14)),
        ("MaxPool2d", (50, 7, 7), None, 0, 0, (16, 16)),
        ("Flatten", (2450,), None, 0, 0, (16, 16)),
        ("Linear", (500,), (500, 2450), 1_225_500, 1_225_000, None),
        ("ReLU", (500,), None, 0, 0, None),
        ("Linear", (10,), (10, 500), 5_010, 5_000, None),
    ]


def test_a_linear_layer_over_all_positions_sees_the_whole_picture() -> None:
    assert [layer.reach for layer in summarize(lenet.build(), (1, 28, 28))][6:] == [
        "fixed",
        "global",
        "global",
        "global",
    ]


@pytest.mark.parametrize(("name", "low", "high"), [("vgg19", 19.6e9, 19.7e9), ("resnet34", 3.6e9, 3.7e9)])
def test_multiply_adds_of_well_known_networks(name: str, low: float, high: float) -> None:
    with unallocated():
        network = build_network(name)
    assert low <= sum(layer.flops for layer in summarize(network.to("meta"), (3, 224, 224))) < high


SOME = (
    "alexnet",
    "densenet121",
    "mobilenet_v3_small",
    "vit_b_32",
    "swin_t",
    "swin_v2_t",
    "regnet_y_400mf",
    "inception_v3",
)


@pytest.mark.parametrize("name", SOME)
def test_totals_agree_with_those_torchvision_publishes(name: str) -> None:
    check_totals(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(tv.CLASSIFIERS) - set(SOME)))
def test_totals_of_every_classifier_agree_with_those_torchvision_publishes(name: str) -> None:
    check_totals(name)


def check_totals(name: str) -> None:
    published = next(iter(zoo.get_model_weights(name)))
    side = published.transforms().crop_size[0]
    with unallocated():
        network = build_network(name)
    layers = summarize(network.to("meta"), (3, side, side))
    assert sum(layer.parameters for layer in layers) == count_parameters(network)
    assert sum(layer.flops for layer in layers) / 1e9 == pytest.approx(published.meta["_ops"], rel=2e-3, abs=2e-3)


def test_attention_owns_its_parameters_and_counts_its_matrix_products() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            tokens = tokens.flatten(2).transpose(1, 2)
            return self.heads(tokens, tokens, tokens, need_weights=False)[0]

    (layer,) = summarize(Attention(), (8, 3, 3))
    assert layer.kind == "MultiheadAttention"
    assert layer.parameters == 3 * 8 * 8 + 3 * 8 + 8 * 8 + 8
    # In and out: four 8x8 products for each of nine tokens; query x key and weights x value: 9 x 9 x 8 each.
    assert layer.flops == 4 * 8 * 8 * 9 + 2 * 9 * 9 * 8
    assert layer.reach == "global"


def true_receptive_field(network: nn.Module, side: int) -> int:
    """Find by the gradient which pixels the middle output depends on."""
    for parameter in network.parameters():
        nn.init.constant_(parameter, 1.0)
    picture = torch.ones(1, 1, side, side, requires_grad=True)
    output = network.double()(picture.double())
    output[0, 0, output.shape[2] // 2, output.shape[3] // 2].backward()
    assert picture.grad is not None
    return int((picture.grad[0, 0].abs().sum(0) > 0).sum())


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Conv2d(1, 1, 3, padding=1, stride=2)
        self.far = nn.Conv2d(1, 1, 7, padding=3, stride=2)
        self.last = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.near(x) + self.far(x))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (nn.Sequential(nn.Conv2d(1, 1, 3, dilation=3), nn.AvgPool2d(2), nn.Conv2d(1, 1, 5)), 16),
        (nn.Sequential(nn.Conv2d(1, 1, 3, stride=2), nn.AvgPool2d(3, 2), nn.Conv2d(1, 1, 3, stride=2)), 15),
        (
            nn.Sequential(
                nn.Conv2d(1, 1, 5), nn.Conv2d(1, 1, 2, stride=2), nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 1)
            ),
            6,
        ),
        (Branches(), 11),
    ],
    ids=["dilation", "strides", "upsampling", "branches"],
)
def test_receptive_fields_are_the_pixels_that_move_the_output(network: nn.Module, expected: int) -> None:
    assert true_receptive_field(network, 61) == expected
    assert summarize(network.float(), (1, 61, 61))[-1].receptive_field == (expected, expected)


def test_strides_and_one_sided_kernels_are_told_per_axis() -> None:
    (layer,) = summarize(nn.Conv2d(3, 4, (1, 7), stride=(1, 2)), (3, 20, 20))
    assert (layer.receptive_field, layer.stride) == ((1, 7), (1, 2))


def test_a_gate_on_the_whole_picture_makes_the_layer_behind_it_global() -> None:
    with unallocated():
        network = build_network("mobilenet_v3_large").to("meta")
    layers = layers_of(network, (3, 224, 224))
    assert layers["features.3.block.1.0"].reach == "fixed"
    assert layers["features.5.block.0.0"].reach == "global"


@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn"])
def test_detectors_are_followed_to_their_heads(name: str) -> None:
    network = build_network(name, 5)
    layers = summarize(network, (3, 96, 128))
    assert find(name).task == "detection"
    assert sum(layer.parameters for layer in layers) == count_parameters(network)
    assert all(layer.calls for layer in layers)
    assert layers[0].kind == "GeneralizedRCNNTransform"
    assert network.training, "the network is left as it was"


def test_the_box_head_of_a_two_stage_detector_is_counted() -> None:
    layers = layers_of(build_network("fasterrcnn_mobilenet_v3_large_320_fpn", 5), (3, 96, 128))
    assert layers["roi_heads.box_head.fc6"].flops > 0
    assert layers["roi_heads.box_head.fc6"].reach == "box"


def test_branches_used_only_in_training_have_parameters_and_no_output() -> None:
    with unallocated():
        network = build_network("googlenet").to("meta")
    layer = layers_of(network, (3, 224, 224))["aux1.fc2"]
    assert (layer.calls, layer.output, layer.flops) == (0, None, 0)
    assert layer.parameters == 1024 * 1000 + 1000


def test_a_module_used_twice_counts_its_parameters_once_and_its_work_twice() -> None:
    shared = nn.Conv2d(2, 2, 3, padding=1)
    (layer,) = summarize(nn.Sequential(shared, shared), (2, 4, 4))
    assert (layer.parameters, layer.flops, layer.calls) == (38, 2 * 16 * 36, 2)


def test_no_hook_is_left_behind() -> None:
    network = lenet.build()
    summarize(network, (1, 28, 28))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_a_network_is_counted_without_memory() -> None:
    with unallocated():
        network = build_network("vit_h_14")
    assert count_parameters(network) == 633_470_440
    assert all(parameter.is_meta for parameter in network.parameters())


@pytest.mark.parametrize("name", ["resnet18", "regnet_y_400mf", "ssdlite320_mobilenet_v3_large", "maxvit_t"])
def test_counting_without_memory_gives_the_true_number(name: str) -> None:
    with unallocated():
        counted = count_parameters(build_network(name))
    assert counted == count_parameters(build_network(name))


def test_a_network_without_parameters_has_a_summary_too() -> None:
    assert [layer.parameters for layer in summarize(build_network("bicubic"), (3, 6, 8))][-1] == 0
