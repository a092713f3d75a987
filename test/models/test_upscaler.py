"""What an upscaler promises beyond what every model does."""

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from deep_perception.config import Selection
from deep_perception.errors import ImageError, ModelError
from deep_perception.models.checkpoint import load, load_into
from deep_perception.models.networks.upscaling.bicubic import Bicubic
from deep_perception.models.networks.upscaling.network import LUMA
from deep_perception.models.origin import Origin
from deep_perception.models.regions import MARGIN
from deep_perception.models.resampling import reduced
from deep_perception.models.upscaler import Upscaler
from deep_perception.models.upscaling_nets import build
from deep_perception.predictions import Detections, Picture
from deep_perception.scenes import Scene, render


def upscaler(name: str, scale: int, seed: int = 0) -> Upscaler:
    torch.manual_seed(seed)
    return Upscaler(build(Origin(name, (), scale=scale)), name=name, labels=())


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def boxes(*corners: tuple[float, float, float, float]) -> Detections:
    count = len(corners)
    return Detections(
        np.array(corners, np.float32).reshape(-1, 4), np.zeros(count, np.int64), np.ones(count, np.float32)
    )


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def published_psnr(answer: np.ndarray, truth: np.ndarray, scale: int) -> float:
    """As papers measure it: luminance of BT.601, without a border of `scale` pixels."""
    inside = slice(scale, -scale)
    return psnr((answer @ np.array(LUMA))[inside, inside], (truth @ np.array(LUMA))[inside, inside])


def on_set5(model: Upscaler, folder) -> float:
    found = []
    for file in sorted(folder.glob("*.png")):
        image = np.asarray(Pillow.open(file).convert("RGB"))
        height, width = (length // model.scale * model.scale for length in image.shape[:2])
        [answer] = model([reduced(image, model.scale)])
        found.append(published_psnr(answer.image, image[:height, :width], model.scale))
    assert len(found) == 5
    return float(np.mean(found))


class Hungry(Bicubic):
    """A network that runs out of memory, as torch says it on a GPU, for pictures of more pixels than it can hold."""

    def __init__(self, scale: int, holds: int) -> None:
        super().__init__(scale)
        self.holds = holds
        self.tried: list[int] = []

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        self.tried.append(pictures.shape[0] * pictures.shape[2] * pictures.shape[3])
        if self.tried[-1] > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().forward(pictures)


def hungry(holds: int) -> tuple[Upscaler, Hungry]:
    model = Upscaler(Hungry(2, holds), name="hungry", labels=())
    return model, model._answering_network()


def test_the_scale_is_among_the_settings_and_the_answer_has_it():
    model = upscaler("espcn", 3)
    assert (model.scale, model.settings) == (3, {"scale": 3})
    [answer] = model([picture(5, 7)])
    assert answer.image.shape == (15, 21, 3)


@pytest.mark.parametrize("name", ["espcn", "edsr_baseline", "bicubic"])
def test_a_shorter_number_format_changes_a_pixel_by_little(name: str):
    exact, image = upscaler(name, 2), picture(20, 24)
    short = Upscaler(exact.network, name=name, labels=(), precision=torch.bfloat16)
    change = np.abs(short([image])[0].image.astype(int) - exact([image])[0].image)
    assert change.max() <= (0 if name == "bicubic" else 4)


@pytest.mark.weights
@pytest.mark.parametrize(("scale", "published"), [(2, 33.68), (3, 30.40), (4, 28.43)])
def test_bicubic_reaches_the_published_figures_on_set5(shared_data, scale: int, published: float):
    assert on_set5(upscaler("bicubic", scale), shared_data / "sr" / "CSet5") == pytest.approx(published, abs=0.05)


@pytest.mark.weights
@pytest.mark.parametrize(("scale", "published"), [(2, 37.5), (3, 34.0), (4, 31.9)])
def test_carn_m_reaches_the_published_figures_on_set5(shared_data, scale: int, published: float):
    model = upscaler("carn_m", scale)
    load_into(model.network, load(shared_data / "weights" / "carn_m.pth"))
    assert on_set5(model, shared_data / "sr" / "CSet5") == pytest.approx(published, abs=0.2)


def test_pictures_of_one_size_go_through_the_network_together_as_far_as_a_tile_has_room():
    model, network = hungry(holds=10**9)
    model.selection = Selection(tile=20)
    images = [picture(10, 10, seed) for seed in range(6)] + [picture(12, 10)]
    answers = model(images)
    assert network.tried == [400, 200, 120]
    for image, answer in zip(images, answers, strict=True):
        assert np.array_equal(answer.image, model([image])[0].image)


def test_the_tile_that_is_asked_for_is_used_and_may_change_between_two_calls():
    model, network = hungry(holds=10**9)
    whole = model([picture(40, 60)])[0].image
    assert network.tried == [40 * 60]
    model.selection = Selection(tile=20)
    assert np.array_equal(model([picture(40, 60)])[0].image, whole)
    assert len(network.tried) == 1 + 6
    assert max(network.tried[1:]) == (20 + 2) * (20 + 2 * 2)


def test_tiles_are_halved_until_they_fit_into_memory_and_stay_so(caplog: pytest.LogCaptureFixture):
    model, network = hungry(holds=40 * 40)
    image = picture(100, 120)
    [answer] = model([image])
    assert np.array_equal(answer.image, upscaler("bicubic", 2)([image])[0].image)
    assert network.tried[:2] == [100 * 120, (50 + 2) * (60 + 2)]
    assert [record.message for record in caplog.records] == [
        "hungry: memory ran out, goes on in tiles of 60 pixels",
        "hungry: memory ran out, goes on in tiles of 30 pixels",
    ]
    before = len(network.tried)
    model([image])
    assert max(network.tried[before:]) <= 40 * 40, "what did not fit once is not tried again"


def test_several_small_pictures_that_do_not_fit_together_are_done_apart():
    model, network = hungry(holds=150)
    images = [picture(10, 12, seed) for seed in range(5)]
    answers = model(images)
    for image, answer in zip(images, answers, strict=True):
        assert np.array_equal(answer.image, upscaler("bicubic", 2)([image])[0].image)
    assert network.tried[-5:] == [120] * 5


def test_a_picture_whose_smallest_tile_does_not_fit_is_refused_in_one_line():
    model, _ = hungry(holds=100)
    with pytest.raises(ImageError, match=r"not enough memory on cpu to upscale 60x40 by 2, even in tiles of 16") as no:
        model([picture(40, 60)])
    assert no.value.kind == "memory"
    assert "\n" not in str(no.value)


def test_another_error_of_the_network_is_not_taken_for_a_lack_of_memory():
    model = upscaler("espcn", 2)
    model.network.last_part[0] = torch.nn.Conv2d(5, 4, 3)
    with pytest.raises(RuntimeError, match="channels"):
        model([picture(8, 8)])


def test_an_answer_that_would_be_too_large_is_refused_before_any_work():
    model, network = hungry(holds=10**9)
    with pytest.raises(ImageError, match="9000x4000 becomes 144 megapixels at scale 2, expected at most 128") as no:
        model([picture(8, 8), np.zeros((4000, 9000, 3), np.uint8)])
    assert no.value.kind == "too large"
    assert network.tried == []


def test_a_picture_of_16_megapixels_is_done_in_bounded_memory():
    model, network = hungry(holds=700 * 700)
    image = np.zeros((4000, 4000, 3), np.uint8)
    image[1990:2010, 3000:3020] = picture(20, 20)
    [answer] = model([image])
    assert answer.image.shape == (8000, 8000, 3)
    assert max(network.tried) <= network.holds
    part = upscaler("bicubic", 2)([image[1980:2020, 2990:3030]])[0].image
    assert np.array_equal(answer.image[3960:4040, 5980:6060], part)


def test_only_the_boxes_go_through_the_network_and_the_rest_is_bicubic():
    model, image = upscaler("espcn", 2), picture(80, 100)
    [answer] = model([image], [boxes((20, 30, 40, 50))])
    whole, plain = model([image])[0].image, upscaler("bicubic", 2)([image])[0].image
    assert answer.image.shape == whole.shape
    inside = np.zeros(whole.shape, bool)
    inside[2 * (30 - MARGIN) : 2 * (50 + MARGIN), 2 * (20 - MARGIN) : 2 * (40 + MARGIN)] = True
    assert np.abs(answer.image.astype(int) - whole)[inside].max() <= 1
    assert np.array_equal(answer.image[~inside], plain[~inside])
    assert np.abs(whole.astype(int) - plain)[inside].max() > 10, "there is something to compare"


def test_boxes_that_overlap_go_through_the_network_once():
    model, network = hungry(holds=10**9)
    model([picture(200, 200)], [boxes((20, 20, 60, 60), (40, 40, 80, 80))])
    assert network.tried == [(60 + 2 * MARGIN + 4) ** 2]


def test_boxes_without_a_pixel_in_the_picture_leave_it_bicubic():
    model, image = upscaler("espcn", 2), picture(30, 40)
    for guide in (boxes(), boxes((50, 60, 70, 80), (5, 5, 5, 9))):
        [answer] = model([image], [guide])
        assert np.array_equal(answer.image, upscaler("bicubic", 2)([image])[0].image)


def test_pictures_with_and_without_boxes_may_come_together():
    model, images = upscaler("espcn", 2), [picture(40, 50, seed) for seed in range(3)]
    guides = [None, boxes((10, 10, 20, 20)), None]
    for together, image, guide in zip(model(images, guides), images, guides, strict=True):
        alone = model([image], [guide])[0].image
        assert np.abs(together.image.astype(int) - alone).max() <= 1


def test_the_loss_is_the_mean_difference_between_answer_and_truth():
    model = upscaler("espcn", 2)
    images, targets = [picture(8, 12), picture(10, 6)], [Picture(picture(16, 24, 1)), Picture(picture(20, 12, 2))]
    losses = model.losses(images, targets)
    assert list(losses) == ["loss_difference"]
    apart = [model.losses([image], [target])["loss_difference"] for image, target in zip(images, targets, strict=True)]
    torch.testing.assert_close(losses["loss_difference"], torch.stack(apart).mean())
    large = model.network(torch.from_numpy(images[0]).permute(2, 0, 1)[None] / 255)[0].permute(1, 2, 0)
    expected = (large - torch.from_numpy(targets[0].image) / 255).abs().mean()
    torch.testing.assert_close(apart[0], expected)


def test_a_target_of_another_size_is_refused_in_one_line():
    with pytest.raises(ImageError, match=r"got 20x16 for a picture of 12x8, expected 24x16 \(espcn, scale 2\)") as no:
        upscaler("espcn", 2).losses([picture(8, 12)], [Picture(picture(16, 20))])
    assert "\n" not in str(no.value)


def test_bicubic_says_that_it_cannot_learn():
    with pytest.raises(ModelError, match="bicubic has nothing to learn"):
        upscaler("bicubic", 2).losses([picture(4, 4)], [Picture(picture(8, 8))])


def test_espcn_learns_from_a_few_scenes_to_do_better_than_bicubic_on_another():
    side, steps, rng = 24, 900, np.random.default_rng(0)
    views = [render(Scene(seed), 1.0, (240, 320)).image for seed in range(4)]
    corners = [(top, left) for top in range(0, 240, side) for left in range(0, 313 - side, side)]
    large = [
        np.ascontiguousarray(view[top : top + side, left : left + side]) for view in views for top, left in corners
    ]
    small = [reduced(patch, 2) for patch in large]
    model = upscaler("espcn", 2)
    optimizer = torch.optim.Adam(model.network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=8e-3, total_steps=steps)
    for _ in range(steps):
        chosen = rng.integers(len(large), size=8)
        losses = model.losses([small[i] for i in chosen], [Picture(large[i]) for i in chosen])
        optimizer.zero_grad()
        losses["loss_difference"].backward()
        optimizer.step()
        schedule.step()
    unseen = render(Scene(50), 1.0, (240, 320)).image
    [learnt], [plain] = (one([reduced(unseen, 2)]) for one in (model, upscaler("bicubic", 2)))
    assert psnr(learnt.image, unseen) > psnr(plain.image, unseen)
