"""A picture that is upscaled in tiles, or only where boxes are, comes out as if it had been done at once."""

import numpy as np
import pytest
import torch

from deep_perception.models.checkpoint import load, load_into
from deep_perception.models.networks.upscaling.bicubic import Bicubic
from deep_perception.models.networks.upscaling.network import UpscalingNetwork
from deep_perception.models.origin import Origin
from deep_perception.models.regions import MARGIN, regions
from deep_perception.models.tiling import Box, tiles, upscaled
from deep_perception.models.upscaling_nets import OWN, build
from deep_perception.predictions import Detections
from deep_perception.runtime.lack_of_memory import is_lack_of_memory

STRIP = 5, 160
"""Long enough that no tile of a third sees all of it, and narrow to be quick."""
SIDE = 54
FRAME = Box(0, 0, 480, 640)


def pictures(size: tuple[int, int] = STRIP) -> torch.Tensor:
    return torch.randint(0, 256, (1, 3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def lively(name: str, scale: int) -> UpscalingNetwork:
    """A network with random weights whose answers spread over the whole range, so that a seam would show."""
    torch.manual_seed(scale)
    network = build(Origin(name, (), scale=scale)).eval().requires_grad_(False)
    layers = [one for one in network.modules() if isinstance(one, (torch.nn.Conv2d, torch.nn.ConvTranspose2d))]
    for layer in [one for one in layers if one.kernel_size != (1, 1)][-1:]:
        layer.weight.mul_(0.25 / network(pictures((24, 24)) / 255).std())
    return network


def difference(network: UpscalingNetwork, size: tuple[int, int], side: int) -> int:
    """The largest difference between a picture done in tiles and done at once."""
    whole = upscaled(network, pictures(size), Box(0, 0, *size), max(size)).astype(int)
    assert whole.std() > 15, "there is something to compare"
    return int(np.abs(upscaled(network, pictures(size), Box(0, 0, *size), side) - whole).max())


def boxes(*corners: tuple[float, float, float, float]) -> Detections:
    count = len(corners)
    return Detections(
        np.array(corners, np.float32).reshape(-1, 4), np.zeros(count, np.int64), np.ones(count, np.float32)
    )


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", OWN)
def test_tiles_leave_no_seam(name: str, scale: int):
    network = lively(name, scale)
    assert max(difference(network, STRIP, SIDE), difference(network, STRIP[::-1], SIDE)) <= 1


@pytest.mark.weights
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_tiles_leave_no_seam_with_real_weights(shared_data, scale: int):
    network = build(Origin("carn_m", (), scale=scale)).eval().requires_grad_(False)
    load_into(network, load(shared_data / "weights" / "carn_m.pth"))
    assert difference(network, (60, 80), 27) <= 1


@pytest.mark.parametrize("name", OWN)
def test_tiles_that_see_nothing_of_their_surroundings_would_leave_a_seam(name: str):
    network = lively(name, 2)
    network.reach = 0
    assert difference(network, STRIP, SIDE) > 3


def test_a_part_of_a_picture_is_upscaled_as_it_is_within_the_whole():
    network = lively("espcn", 3)
    whole = upscaled(network, pictures((60, 76)), Box(0, 0, 60, 76), 100)
    part = upscaled(network, pictures((60, 76)), Box(10, 20, 41, 60), 100)
    assert np.abs(part.astype(int) - whole[:, 30:123, 60:180]).max() <= 1


@pytest.mark.parametrize("side", [1, 7, 24, 25, 1000])
def test_tiles_cover_every_pixel_once_and_none_is_longer_than_asked_for(side: int):
    part, covered = Box(3, 5, 51, 80), np.zeros((60, 90), int)
    for tile in tiles(part, side):
        assert 1 <= tile.height <= side
        assert 1 <= tile.width <= side
        covered[tile.slices] += 1
    assert covered[part.slices].all()
    assert covered.sum() == part.area


def test_tiles_begin_where_the_network_wants_them_to():
    network, seen = Bicubic(2), []
    network.grid, network.reach = 8, 3
    network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape[-2:]))
    whole = upscaled(Bicubic(2), pictures((60, 76)), Box(0, 0, 60, 76), 100)
    assert np.array_equal(upscaled(network, pictures((60, 76)), Box(0, 0, 60, 76), 20), whole)
    assert {height % 8 for height, _ in seen} <= {0, 60 % 8}
    assert {width % 8 for _, width in seen} <= {0, 76 % 8}


@pytest.mark.parametrize(
    ("err", "verdict"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), True),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes. Error code 12"),
            True,
        ),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] . DefaultCPUAllocator: not enough memory: you tried ..."), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)"), False),
    ],
)
def test_lack_of_memory_is_told_from_other_errors(err: Exception, verdict: bool):
    assert is_lack_of_memory(err) == verdict


def test_what_torch_says_when_a_machine_has_no_such_memory_is_understood():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert is_lack_of_memory(caught.value)


def test_a_box_is_done_with_a_margin_in_whole_pixels_inside_the_picture():
    [region] = regions(boxes((100.2, 50.7, 140.1, 90)), FRAME, 10)
    assert region.wanted == (Box(50 - MARGIN, 100 - MARGIN, 90 + MARGIN, 141 + MARGIN),)
    [corner] = regions(boxes((-20, -30, 12, 14)), FRAME, 10)
    assert corner.bound == Box(0, 0, 14 + MARGIN, 12 + MARGIN)


def test_boxes_that_are_empty_or_outside_are_left_out():
    nothing = [(640, 10, 700, 40), (-50, 10, 0, 40), (10, 480, 20, 500), (30.5, 40, 30.5, 60), (1e30, 1e30, 1e30, 1e30)]
    assert regions(boxes(*nothing), FRAME, 10) == []
    assert regions(boxes(), FRAME, 10) == []


def test_boxes_that_overlap_are_done_at_once():
    [region] = regions(boxes((10, 10, 60, 60), (200, 200, 300, 300), (40, 40, 220, 220)), FRAME, 4)
    assert region.bound == Box(10 - MARGIN, 10 - MARGIN, 300 + MARGIN, 300 + MARGIN)
    assert len(region.wanted) == 3


def test_neighbours_are_done_at_once_where_that_is_less_work_and_the_others_apart():
    near, far = (10, 10, 60, 60), (400, 300, 450, 350)
    assert len(regions(boxes(near, (90, 10, 140, 60)), FRAME, 36)) == 1
    assert len(regions(boxes(near, far), FRAME, 36)) == 2


def test_many_boxes_are_never_more_work_than_many_whole_pictures():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, (600, 440), (300, 2))
    found = regions(boxes(*np.hstack((corners, corners + 30))), FRAME, 36)
    assert sum(region.bound.grown(36).within(FRAME).area for region in found) <= 1.5 * FRAME.area
    assert sum(len(region.wanted) for region in found) == 300
