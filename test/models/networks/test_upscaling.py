"""The upscaling networks are those of their papers, and the public files of their authors fit."""

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from deep_perception.errors import WeightsError
from deep_perception.models.checkpoint import Checkpoint, load_into
from deep_perception.models.checkpoint import load as load_file
from deep_perception.models.files import sha256_of
from deep_perception.models.networks.upscaling.network import luminance
from deep_perception.models.origin import Origin
from deep_perception.models.resampling import Enlarge, reduced
from deep_perception.models.unallocated import count_parameters
from deep_perception.models.upscaling_nets import OWN, SCALES, build, named_weights, recognises, scale_of

LUMINANCE_NETWORKS = ("srcnn", "espcn", "fsrcnn")


def network(name: str, scale: int, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build(Origin(name, (), scale=scale)).eval()


def edsr_shapes(scale: int) -> dict[str, tuple[int, ...]]:
    """What the released files of EDSR's baseline hold, by the public description of the network."""
    shapes = {"sub_mean": (3, 3, 1, 1), "add_mean": (3, 3, 1, 1), "head.0": (64, 3, 3, 3), "body.16": (64, 64, 3, 3)}
    shapes |= {f"body.{block}.body.{layer}": (64, 64, 3, 3) for block in range(16) for layer in (0, 2)}
    wide = {2: {"0.0": 256}, 3: {"0.0": 576}, 4: {"0.0": 256, "0.2": 256}}[scale]
    shapes |= {f"tail.{layer}": (channels, 64, 3, 3) for layer, channels in wide.items()} | {"tail.1": (3, 64, 3, 3)}
    return {f"{name}.weight": shape for name, shape in shapes.items()} | {
        f"{name}.bias": shape[:1] for name, shape in shapes.items()
    }


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", OWN)
def test_a_network_makes_pictures_as_many_times_larger_as_it_says(name: str, scale: int):
    large = network(name, scale)(torch.rand(2, 3, 7, 9))
    assert large.shape == (2, 3, 7 * scale, 9 * scale)
    assert network(name, scale).scale == scale


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", OWN)
def test_a_network_looks_as_far_as_it_says_and_hardly_less(name: str, scale: int):
    one, middle = network(name, scale), 45
    pictures = torch.zeros(1, 3, 3, 2 * middle + 1)
    pictures[..., middle] = torch.nan
    touched = one(pictures).isnan().any(2).any(1).flatten().nonzero()
    first, last = int(touched.min()) // scale, int(touched.max()) // scale
    assert one.reach - 3 <= middle - first <= one.reach
    assert one.reach - 3 <= last - middle <= one.reach


@pytest.mark.parametrize(
    ("name", "scale", "parameters"),
    [
        ("srcnn", 3, 57_281),
        ("espcn", 3, 22_729),
        ("fsrcnn", 3, 12_809),
        ("edsr_baseline", 2, 1_369_859 + 24),
        ("edsr_baseline", 4, 1_517_571 + 24),
        ("srresnet", 4, 1_547_350),
        ("bicubic", 2, 0),
    ],
)
def test_the_number_of_parameters_is_the_published_one(name: str, scale: int, parameters: int):
    assert count_parameters(network(name, scale)) == parameters


@pytest.mark.parametrize("scale", SCALES)
def test_the_released_files_of_edsr_fit_by_name_and_shape(scale: int):
    assert {key: tuple(one.shape) for key, one in network("edsr_baseline", scale).state_dict().items()} == edsr_shapes(
        scale
    )


def test_edsr_starts_from_the_mean_colour_of_its_training_pictures_in_steps_of_255():
    shift = network("edsr_baseline", 2).sub_mean
    torch.testing.assert_close(-shift.bias / 255, torch.tensor([0.4488, 0.4371, 0.4040]))
    assert not any(parameter.requires_grad for parameter in shift.parameters())


@pytest.mark.weights
@pytest.mark.parametrize("scale", SCALES)
def test_the_released_file_of_carn_m_fits_as_it_is_at_every_scale(shared_data, scale: int):
    path = shared_data / "weights" / "carn_m.pth"
    load_into(network("carn_m", scale), load_file(path))
    [row] = named_weights("carn_m")
    assert row.sha256 == sha256_of(path)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", ["espcn", "edsr_baseline", "srresnet"])
def test_the_scale_is_read_from_weights_that_show_it(name: str, scale: int):
    state = network(name, scale).state_dict()
    assert scale_of(name, state) == scale
    other = SCALES[SCALES.index(scale) - 1]
    with pytest.raises(WeightsError, match=f"made for scale {scale}, got scale {other}. Set scale to {scale}"):
        build(Origin(name, (), Checkpoint(state, "0"), scale=other))


@pytest.mark.parametrize("name", ["srcnn", "fsrcnn", "carn_m"])
def test_weights_that_fit_every_scale_are_taken_at_the_scale_asked_for(name: str):
    state = network(name, 2).state_dict()
    assert scale_of(name, state) == 0
    assert build(Origin(name, (), Checkpoint(state, "0"), scale=3)).scale == 3


def test_a_network_is_recognised_by_its_tensors_alone():
    for name in OWN:
        state = network(name, 3).state_dict()
        assert [other for other in OWN if recognises(other, state)] == [name]


def test_the_published_weights_are_named_by_their_scale_and_known_by_their_hash():
    for row in named_weights("edsr_baseline"):
        assert row.url.endswith(f"edsr_baseline_{row.name}-{row.sha256}.pt")
    assert named_weights("espcn") == ()


@pytest.mark.parametrize("name", LUMINANCE_NETWORKS)
def test_networks_for_luminance_leave_the_colour_to_the_cubic_kernel(name: str):
    pictures = torch.rand(1, 3, 12, 10, generator=torch.Generator().manual_seed(1))
    gain = network(name, 2)(pictures) - Enlarge(2)(pictures)
    assert gain.abs().max() > 0.01, "there is something to compare"
    torch.testing.assert_close(gain, gain[:, :1].expand_as(gain), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", LUMINANCE_NETWORKS)
def test_the_luminance_of_the_answer_is_what_the_network_made(name: str):
    one, pictures = network(name, 3), torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    made = one.upscale_luminance(luminance(pictures), luminance(one.enlarge(pictures)))
    torch.testing.assert_close(luminance(one(pictures)), made, atol=1e-5, rtol=0)


def test_luminance_runs_from_16_to_235():
    black_and_white = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 1, 1)
    torch.testing.assert_close(255 * luminance(black_and_white).flatten(), torch.tensor([16.0, 235.0]))


@pytest.mark.parametrize("scale", [1, *SCALES, 8])
def test_the_cubic_kernel_keeps_what_is_even_and_what_rises_evenly(scale: int):
    even, rising = torch.full((1, 1, 9, 9), 0.3), torch.arange(30.0).expand(1, 2, 20, 30)
    torch.testing.assert_close(Enlarge(scale)(even), torch.full((1, 1, 9 * scale, 9 * scale), 0.3))
    expected = (torch.arange(30.0 * scale) + 0.5) / scale - 0.5
    inside = slice(2 * scale, -2 * scale)
    torch.testing.assert_close(Enlarge(scale)(rising)[0, 1, 0, inside], expected[inside], atol=1e-4, rtol=0)


@pytest.mark.parametrize("scale", SCALES)
def test_enlarging_and_reducing_agree_with_pillows_bicubic_away_from_the_border(scale: int):
    image = np.random.default_rng(0).integers(80, 176, (12 * scale, 16 * scale, 3), np.uint8)
    small = np.asarray(Pillow.fromarray(image).resize((16, 12), Pillow.Resampling.BICUBIC)).astype(int)
    assert np.abs(reduced(image, scale).astype(int) - small)[2:-2, 2:-2].max() <= 1
    height, width = image.shape[:2]
    large = Pillow.fromarray(image).resize((width * scale, height * scale), Pillow.Resampling.BICUBIC)
    ours = Enlarge(scale)(torch.from_numpy(image).permute(2, 0, 1)[None].float())[0].permute(1, 2, 0)
    inside = slice(2 * scale, -2 * scale)
    assert np.abs(ours.round().clamp(0, 255).numpy() - np.asarray(large))[inside, inside].max() <= 1


def test_a_picture_that_does_not_divide_evenly_loses_its_last_rows_and_columns():
    image = np.random.default_rng(0).integers(0, 256, (13, 17, 3), np.uint8)
    assert np.array_equal(reduced(image, 4), reduced(image[:12, :16], 4))
    with pytest.raises(ValueError, match="got 17x13, expected at least 14x14"):
        reduced(image, 14)


def test_a_view_that_is_flipped_or_read_only_is_reduced_like_its_copy():
    image = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    frozen = image.copy()
    frozen.flags.writeable = False
    assert np.array_equal(reduced(frozen, 2), reduced(image, 2))
    assert np.array_equal(reduced(image[::-1, :, ::-1], 2), reduced(image[::-1, :, ::-1].copy(), 2))
