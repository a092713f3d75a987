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


@pytest.mark.parametrize("variant", deoldify.VARIANTS)
def test_tensors_have_the_names_and_shapes_of_the_released_files(variant):
    with unallocated():
        network = deoldify.build(variant)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    lines = "\n".join(sorted(f"{name} {shape}" for name, shape in shapes.items()))
    assert SHAPES.get(variant, {}).items() <= shapes.items()
    assert (len(shapes), count_parameters(network), hashlib.sha256(lines.encode()).hexdigest()) == PUBLIC[variant]


def test_the_deep_generator_paints_what_the_public_code_paints(artistic, picture):
    painted = answer(artistic, picture)[0]
    assert painted.shape == (3, 64, 64)
    assert painted.mean((1, 2)).tolist() == pytest.approx([0.5896, 0.6289, 0.1782], abs=2e-4)
    few = [painted[place].item() for place in ((0, 0, 0), (1, 31, 17), (2, 63, 63), (0, 10, 50))]
    assert few == pytest.approx([0.756730, 0.700741, 0.317522, 0.521591], abs=1e-4)


@pytest.mark.slow
def test_the_wide_generator_paints_what_the_public_code_paints(picture):
    network = deoldify.build("stable")
    network.load_state_dict(made_by_rule(network.state_dict()))
    painted = answer(network.eval(), picture)[0]
    assert painted.mean((1, 2)).tolist() == pytest.approx([0.8597, 0.9503, 1.0647], abs=2e-4)
    few = [painted[place].item() for place in ((0, 0, 0), (1, 31, 17), (2, 63, 63), (0, 10, 50))]
    assert few == pytest.approx([1.005389, 1.016476, 1.200646, 0.798237], abs=1e-4)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_every_render_factor_gives_a_picture_of_its_size_within_range(artistic, factor):
    side = factor * deoldify.RENDER_BASE
    painted = answer(artistic, torch.randn(1, 3, side, side))
    assert painted.shape == (1, 3, side, side)
    assert torch.isfinite(painted).all()
    assert painted.abs().max() <= 3


def test_random_weights_paint_pictures_that_are_neither_flat_nor_saturated(picture):
    torch.manual_seed(0)
    painted = answer(deoldify.build("artistic").eval(), picture)
    assert 0.02 < painted.std() < 1.5


@pytest.fixture(scope="module")
def trained(picture) -> nn.Module:
    """One step of training behind it, its gradients still there."""
    torch.manual_seed(0)
    network = deoldify.build("artistic").train()
    network(picture[..., ::2, ::2].repeat(2, 1, 1, 1)).square().mean().backward()
    return network


def test_training_reaches_every_weight(trained):
    assert [name for name, weight in trained.named_parameters() if weight.grad is None] == []


def test_a_network_that_was_just_trained_can_be_copied_settled_and_folded(trained, picture):
    twin = copy.deepcopy(trained).eval()
    small = picture[..., ::2, ::2]
    expected = answer(twin, small)
    for name, module in list(twin.named_modules()):
        if isinstance(module, NormedConvolution):
            twin.set_submodule(name, module.settled())
    fold_batch_norms(twin, small)
    torch.testing.assert_close(answer(twin, small), expected, atol=1e-4, rtol=1e-4)


def test_a_file_as_fastai_writes_it_is_read(tmp_path):
    # Its optimiser, never run, holds a learning rate that is still a slice; the state lies beside it.
    state = {"layers.1.weight": torch.ones(3), "layers.3.0.0.weight_u": torch.zeros(2)}
    settings = {"lr": slice(None, 0.003, None), "betas": (0.9, 0.99), "params": [139_900_000_000_000]}
    content = {"model": state, "opt": {"state": {}, "param_groups": [settings]}}
    torch.save(content, tmp_path / "Colorize_gen.pth", _use_new_zipfile_serialization=False)
    assert checkpoints.load(tmp_path / "Colorize_gen.pth").state.keys() == state.keys()


@pytest.mark.slow
def test_a_saved_generator_paints_as_before(artistic, picture, tmp_path):
    torch.save({"model": artistic.state_dict()}, tmp_path / "state.pth")
    again = deoldify.build("artistic")
    checkpoints.load_into(again, checkpoints.load(tmp_path / "state.pth"))
    assert torch.equal(answer(again.eval(), picture), answer(artistic, picture))


@pytest.mark.parametrize("variant", deoldify.VARIANTS)
def test_released_weights_name_an_address_and_a_digest(variant):
    [row] = deoldify.released(variant)
    assert row.model == f"deoldify_{variant}"
    assert row.url.startswith("https://")
    assert row.file_name == f"Colorize{variant.capitalize()}_gen.pth"
    assert len(row.sha256) == 64


@pytest.mark.parametrize("dimensions", [1, 2])
def test_spectral_convolutions_answer_and_learn_as_torchs_own_do(dimensions):
    torch.manual_seed(0)
    ours = SpectralConvolution(4, 6, 3, bias=True, dimensions=dimensions)
    kind = nn.Conv1d if dimensions == 1 else nn.Conv2d
    theirs = nn.utils.spectral_norm(kind(4, 6, 3, padding=1))
    theirs.load_state_dict(ours.state_dict())
    features = torch.randn(2, 4, *[5] * dimensions)
    for _ in range(3):
        one, other = ours(features), theirs(features)
        torch.testing.assert_close(one, other)
        one.square().sum().backward()
        other.square().sum().backward()
    torch.testing.assert_close(ours.weight_orig.grad, theirs.weight_orig.grad)
    torch.testing.assert_close(ours.weight_u, theirs.weight_u)
    torch.testing.assert_close(ours.eval()(features), theirs.eval()(features))


def test_a_new_spectral_convolution_has_a_largest_singular_value_of_about_one():
    torch.manual_seed(0)
    weight = SpectralConvolution(32, 48, 3).eval().normed_weight()
    assert torch.linalg.svdvals(weight.flatten(1))[0].item() == pytest.approx(1, abs=0.15)


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_weight_normed_convolutions_answer_as_torchs_own_do():
    ours, theirs = WeightNormedConvolution(4, 6, 1), nn.utils.weight_norm(nn.Conv2d(4, 6, 1))
    theirs.load_state_dict(ours.state_dict())
    features = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(ours(features), theirs(features))


def test_attention_gathers_from_all_places():
    torch.manual_seed(0)
    attention = Attention(16).eval()
    attention.gamma.data.fill_(0.7)
    features = torch.randn(2, 16, 3, 4)
    flat = features.flatten(2)
    query, key, value = (part(flat) for part in (attention.query, attention.key, attention.value))
    shares = (query.mT @ key).softmax(1)
    expected = features + 0.7 * (value @ shares).view_as(features)
    torch.testing.assert_close(attention(features), expected)
