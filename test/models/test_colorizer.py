"""Colorizers: a picture's own brightness, a network's colours."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from deep_perception.colour import lab_to_rgb, lightness, luma, rgb_to_lab
from deep_perception.config import Selection
from deep_perception.errors import InputError
from deep_perception.models.checkpoint import Checkpoint
from deep_perception.models.colorizer import Colorizer, asked
from deep_perception.models.colouring.by_bins import ByBins
from deep_perception.models.colouring.by_hints import ByHints
from deep_perception.models.colouring.by_picture import MEAN, STD, ByPicture
from deep_perception.models.networks import colorizer_shufflenet, zhang_eccv16
from deep_perception.models.networks.ab_bins import ColourCounts, ab_bins
from deep_perception.models.networks.zhang_eccv16 import Eccv16
from deep_perception.models.networks.zhang_siggraph17 import Siggraph17
from deep_perception.models.origin import Origin
from deep_perception.predictions import ColourHints, Detections, Image, Picture
from deep_perception.scenes import Scene, render

SMALL = (32, 48)


def eccv16() -> Colorizer:
    network = Eccv16(4)
    network.model8[-1].weight.data.mul_(50)  # decided, though it knows nothing
    return Colorizer(network, technique=ByBins(zhang_eccv16.prepare, SMALL), name="colorizer_eccv16", labels=())


def siggraph17() -> Colorizer:
    network = Siggraph17(4)
    network.model_out[0].weight.data.mul_(5)
    return Colorizer(network, technique=ByHints(SMALL), name="colorizer_siggraph17", labels=())


def shufflenet() -> Colorizer:
    network = colorizer_shufflenet.build()
    network.classify.weight.data.mul_(500)
    technique = ByBins(colorizer_shufflenet.prepare, (64, 96))
    return Colorizer(network, technique=technique, name="colorizer_shufflenet_v2_x1_0", labels=())


def painter(shift: tuple[float, float, float] = (0.2, 0.0, -0.1), factor: int = 7) -> Colorizer:
    """A network that paints every picture in the gray that it reads plus this much red, green and blue."""
    network = nn.Conv2d(3, 3, 1)
    nn.init.dirac_(network.weight)
    network.bias.data = torch.tensor(shift) / torch.tensor(STD)
    return Colorizer(network, technique=ByPicture(factor), name="painter", labels=())


@pytest.fixture(params=[eccv16, siggraph17, shufflenet, painter], ids=lambda make: make.__name__)
def model(request: pytest.FixtureRequest) -> Colorizer:
    torch.manual_seed(0)
    return request.param()


def picture(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def planes(image: Image) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)


def ab(image: Image) -> torch.Tensor:
    return rgb_to_lab(planes(image).float() / 255)[1:]


def chroma_error(images: list[Image], truth: list[Image]) -> float:
    """Mean distance of the colours in the ab plane."""
    pairs = zip(images, truth, strict=True)
    return float(np.mean([(ab(image) - ab(true)).norm(dim=0).mean() for image, true in pairs]))


def answers(model: Colorizer, images: list[Image], hints: list[ColourHints] | None = None) -> list[Image]:
    return [answer.image for answer in model(images, hints)]


def fitted(model: Colorizer, batch: Callable[[], tuple], steps: int, rate: float) -> None:
    optimizer = torch.optim.AdamW(model.network.parameters(), rate)
    for module in model.network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.3  # so few steps that the statistics would lag behind
    for _ in range(steps):
        loss = sum(model.losses(*batch()).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("shape", [(61, 83), (1, 1), (1, 300), (300, 1), (7, 1000)])
def test_the_answer_has_the_size_and_the_brightness_of_the_picture(model: Colorizer, shape: tuple[int, int]):
    image = picture(*shape)
    [answer] = answers(model, [image])
    assert answer.shape == (*shape, 3)
    if isinstance(model.technique, ByPicture):  # which keeps luma, as its makers do
        assert (luma(planes(answer).float()) - luma(planes(image).float())).abs().max() < 0.51
    else:
        assert (lightness(planes(answer)) - lightness(planes(image))).abs().max() < 0.3


def test_the_answer_has_colour(model: Colorizer):
    gray = np.full((40, 60, 3), 128, np.uint8)
    assert ab(answers(model, [gray])[0]).norm(dim=0).mean() > 2


def test_a_colour_picture_is_taken_as_the_gray_one_it_would_be():
    torch.manual_seed(0)
    model = eccv16()
    colourful = picture(48, 64)
    root = lightness(planes(colourful))
    gray = lab_to_rgb(torch.stack((root, torch.zeros_like(root), torch.zeros_like(root)))) * 255
    gray = gray.round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    from_colour, from_gray = answers(model, [colourful, gray])
    # The gray is rounded to a pixel's levels, and small pictures of the two differ a little.
    assert np.abs(from_colour.astype(int) - from_gray).mean() < 2


class _Largest(TorchDispatchMode):
    """Notes the largest array of floats that anything makes."""

    def __init__(self) -> None:
        super().__init__()
        self.megabytes = 0.0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (list, tuple)) else [result]:
            if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                self.megabytes = max(self.megabytes, tensor.numel() * tensor.element_size() / 2**20)
        return result


@pytest.mark.parametrize("make", [eccv16, painter])
def test_sixteen_megapixels_are_never_floats_all_at_once(make: Callable[[], Colorizer]):
    model, large = make(), np.full((4000, 4000, 3), 90, np.uint8)
    model([picture(8, 8)])
    with _Largest() as largest:
        [answer] = answers(model, [large])
    assert answer.shape == large.shape
    assert largest.megabytes < 16, "of a picture that would be 183 as floats"


def test_own_decoding_is_that_of_the_public_network():
    torch.manual_seed(0)
    model, image = eccv16(), np.full((32, 48, 3), 119, np.uint8)
    [answer] = answers(model, [image])
    with torch.inference_mode():
        expected = model.network.eval()(lightness(planes(image))[None, None])[0]
    assert (ab(answer) - expected).abs().max() < 1


def test_annealed_decoding_matters_to_the_network_whose_own_is_another(model: Colorizer):
    image = np.full((32, 48, 3), 119, np.uint8)
    [own] = answers(model, [image])
    model.selection = Selection(color_decoding="annealed")
    [annealed] = answers(model, [image])
    assert annealed.shape == own.shape
    assert np.array_equal(annealed, own) == (not isinstance(model.network, Eccv16))


def test_annealed_colours_are_stronger_than_the_mean_of_what_is_likely():
    model, image = eccv16(), np.full((32, 48, 3), 119, np.uint8)
    judge = model.network.model8[-1]
    nn.init.zeros_(judge.weight)
    [brown] = np.flatnonzero((ab_bins() == (20, 40)).all(1)).tolist()
    judge.bias.data = 6.0 * nn.functional.one_hot(torch.tensor(brown), 313)
    [own] = answers(model, [image])
    model.selection = Selection(color_decoding="annealed")
    [annealed] = answers(model, [image])
    target = torch.tensor([20.0, 40.0])[:, None, None]
    assert (ab(annealed) - target).abs().max() < 1
    assert ab(own).norm(dim=0).max() < 0.7 * target.norm()


def test_hints_outside_the_picture_change_nothing():
    torch.manual_seed(0)
    model, image = siggraph17(), picture(40, 60)
    red = np.array([[255, 0, 0]] * 2, np.uint8)
    outside = ColourHints(np.array([[-1, 5], [60, 40]], np.float32), red)
    inside = ColourHints(np.array([[30, 20], [60, 40]], np.float32), red)
    without, with_outside, with_inside = answers(model, [image] * 3, [None, outside, inside])
    assert np.array_equal(with_outside, without)
    assert not np.array_equal(with_inside, without)


def test_only_the_network_that_takes_hints_takes_them():
    hints = ColourHints(np.zeros((1, 2), np.float32), np.zeros((1, 3), np.uint8))
    boxes = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert siggraph17().guide is ColourHints
    for model, guide in ((eccv16(), hints), (painter(), hints), (siggraph17(), boxes)):
        with pytest.raises(TypeError, match="guide: got"):
            model([picture(8, 8)], [guide])


def plates(count: int, rng: np.random.Generator) -> list[Image]:
    """Pictures of one colour each, all as bright, so that nothing but a hint can tell the colour."""
    lab = torch.from_numpy(np.column_stack((np.full(count, 60), rng.uniform(-45, 45, (count, 2)))).astype(np.float32))
    colours = (lab_to_rgb(lab[:, :, None, None])[:, :, 0, 0] * 255).round().to(torch.uint8).numpy()
    return [np.tile(colour, (16, 16, 1)) for colour in colours]


def hinted(plate: Image, points: np.ndarray) -> ColourHints:
    return ColourHints(points.astype(np.float32), plate[0, : len(points)])


def test_a_hint_colours_what_is_around_it():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = Colorizer(Siggraph17(8), technique=ByHints((16, 16)), name="small", labels=())

    def batch() -> tuple:
        pictures = plates(8, rng)
        return pictures, list(map(Picture, pictures)), [hinted(one, rng.uniform(0, 16, (3, 2))) for one in pictures]

    fitted(model, batch, 60, 3e-3)
    unseen = plates(16, rng)
    middle = np.array([[8, 8]])
    told = answers(model, unseen, [hinted(plate, middle) for plate in unseen])
    grays = [np.full((16, 16, 3), 144, np.uint8)] * len(unseen)

    def error(images: list[Image]) -> float:
        return chroma_error([image[6:11, 6:11] for image in images], [plate[6:11, 6:11] for plate in unseen])

    assert error(told) < 0.6 * error(grays)
    assert error(told) < 0.6 * error(answers(model, unseen))


def test_the_small_network_learns_the_colours_of_scenes():
    torch.manual_seed(0)
    scenes = [render(Scene(seed), 1.0, (96, 128)).image for seed in range(3)]
    technique = ByBins(colorizer_shufflenet.prepare, (64, 96), ColourCounts.of(scenes))
    model = Colorizer(colorizer_shufflenet.build(), technique=technique, name="small", labels=())
    fitted(model, lambda: (scenes, list(map(Picture, scenes))), 45, 4e-3)
    grays = [np.repeat(image.mean(2, keepdims=True).astype(np.uint8), 3, axis=2) for image in scenes]
    assert chroma_error(answers(model, grays), scenes) < 0.75 * chroma_error(grays, scenes)


def test_losses_fall_when_the_network_learns(model: Colorizer):
    torch.manual_seed(1)
    model.selection = Selection(render_factor=7)
    scene = render(Scene(1), 1.0, (48, 64)).image

    def loss() -> float:
        torch.manual_seed(2)  # the same places are revealed
        return sum(value.item() for value in model.losses([scene, scene], [Picture(scene)] * 2).values())

    before = loss()
    fitted(model, lambda: ([scene, scene], [Picture(scene)] * 2), 8, 3e-3)
    assert loss() < before


def test_gray_pictures_alone_are_refused_as_truth(model: Colorizer):
    gray = np.repeat(picture(20, 30)[..., :1], 3, axis=2)
    with pytest.raises(InputError, match="got 2 gray pictures, expected at least one with colour"):
        model.losses([gray, gray], [Picture(gray)] * 2)


def test_a_gray_picture_among_colour_ones_is_left_out(model: Colorizer):
    colourful, gray = picture(20, 30), np.repeat(picture(20, 30)[..., :1], 3, axis=2)
    model.selection = Selection(render_factor=7)

    def losses(*images: Image) -> dict[str, float]:
        torch.manual_seed(0)
        found = model.losses(images, [Picture(image) for image in images])
        return {name: value.item() for name, value in found.items()}

    alone = losses(colourful, colourful)
    assert losses(colourful, gray, colourful) == pytest.approx(alone, rel=1e-4)


def test_a_painted_picture_gives_its_chroma_alone():
    gray = np.full((50, 70, 3), 120, np.uint8)
    [answer] = answers(painter((0.2, 0.0, -0.1)), [gray])
    painted = torch.tensor([120 + 51.0, 120, 120 - 25.5])
    expected = painted - luma(painted[:, None, None])[0, 0] + 120
    assert np.abs(answer - expected.numpy()).max() <= 1


def test_the_render_factor_says_how_large_a_picture_the_network_sees():
    model, sides = painter(factor=9), []
    model._answering_network().register_forward_pre_hook(lambda _, seen: sides.append(tuple(seen[0].shape[2:])))
    for factor in (0, 7, 12):
        model.selection = Selection(render_factor=factor)
        model([picture(20, 30)])
    assert sides == [(144, 144), (112, 112), (192, 192)]


def test_what_the_painting_network_sees_is_gray_and_normalised():
    model, seen = painter(), []
    model._answering_network().register_forward_pre_hook(lambda _, given: seen.append(given[0][0].clone()))
    model([picture(30, 40)])
    rgb = seen[0] * torch.tensor(STD)[:, None, None] + torch.tensor(MEAN)[:, None, None]
    torch.testing.assert_close(rgb[0], rgb[1])
    torch.testing.assert_close(rgb[0], rgb[2])
    assert rgb.min() >= 0 and rgb.max() <= 1


def test_the_memory_of_a_stream_steadies_colours_as_much_as_is_selected_now():
    model, image = painter(), picture(60, 80)
    red, blue = answers(painter((0.3, 0, 0)), [image])[0], answers(painter((0, 0, 0.3)), [image])[0]
    memory = model.memory()
    memory(image, Picture(red))
    assert memory(image, Picture(blue)).image is blue, "smoothing is off unless selected"
    model.selection = Selection(temporal_smoothing=0.7)
    memory(image, Picture(red))
    steadied = memory(image, Picture(blue)).image
    assert chroma_error([steadied], [red]) < chroma_error([blue], [red])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("colorizer_eccv16", ByBins), ("colorizer_siggraph17", ByHints), ("colorizer_shufflenet_v2_x1_0", ByBins)],
)
def test_the_size_of_the_input_is_kept_beside_the_weights(name: str, kind: type):
    usual = asked(Origin(name, ()))["technique"]
    kept = Checkpoint({}, "0" * 64, config={"input_size": [64, 96]})
    again = asked(Origin(name, (), kept))["technique"]
    assert isinstance(usual, kind) and isinstance(again, kind)
    assert again.settings() == {"input_size": (64, 96)} != usual.settings()


@pytest.mark.parametrize(("name", "factor"), [("artistic", 35), ("stable", 35), ("video", 21)])
def test_deoldify_has_the_render_factors_of_its_makers(name: str, factor: int):
    assert asked(Origin(f"deoldify_{name}", ()))["technique"].factor == factor
