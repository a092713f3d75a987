"""Files of the networks that spandrel knows are upscalers like any other."""

import ast
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import deep_perception
from deep_perception.config import Selection
from deep_perception.errors import ModelError, WeightsError
from deep_perception.models import create, save
from deep_perception.models.checkpoint import Checkpoint
from deep_perception.models.origin import Origin
from deep_perception.models.resampling import Enlarge
from deep_perception.models.spandrel_nets import build, named_weights, recognises
from deep_perception.models.store import Store
from deep_perception.models.upscaler import Upscaler
from deep_perception.models.upscaling_nets import OWN
from deep_perception.models.upscaling_nets import build as build_own
from deep_perception.predictions import Picture

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import spandrel
    from spandrel.architectures import ESRGAN, HAT, RCAN, SPAN, Compact, DnCNN, SwinIR

HEIGHT, WIDTH = 21, 27
"""No multiple of any window."""


def real_esrgan() -> dict[str, torch.Tensor]:
    """A state dict as Real-ESRGAN's authors write it, with 8 channels of 64 and 1 block of 23."""
    width, growth = 8, 32
    shapes = {"conv_first": (width, 3), "conv_body": (width, width), "conv_last": (3, width)}
    shapes |= dict.fromkeys(("conv_up1", "conv_up2", "conv_hr"), (width, width))
    for dense in ("rdb1", "rdb2", "rdb3"):
        for step in range(5):
            outputs = growth if step < 4 else width
            shapes[f"body.0.{dense}.conv{step + 1}"] = (outputs, width + step * growth)
    random = torch.Generator().manual_seed(0)
    state = {}
    for name, (outputs, inputs) in shapes.items():
        state[f"{name}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=random) / (3 * inputs**0.5)
        state[f"{name}.bias"] = torch.zeros(outputs)
    return state


def swin() -> torch.nn.Module:
    parts = {"depths": [2], "num_heads": [2], "window_size": 8, "mlp_ratio": 2}
    return SwinIR.SwinIR(img_size=16, embed_dim=12, upscale=2, upsampler="pixelshuffledirect", **parts)


def hat() -> torch.nn.Module:
    parts = {"depths": (2,), "num_heads": (2,), "window_size": 8, "mlp_ratio": 2, "compress_ratio": 3}
    return HAT.HAT(img_size=16, embed_dim=12, upscale=2, upsampler="pixelshuffle", squeeze_factor=4, **parts)


NETWORKS: dict[str, tuple[Callable[[], torch.nn.Module], str, int]] = {
    "ESRGAN": (lambda: ESRGAN.ESRGAN(num_filters=8, num_blocks=1, scale=4), "ESRGAN", 4),
    "Real-ESRGAN x2": (
        lambda: ESRGAN.ESRGAN(in_nc=12, out_nc=3, num_filters=8, num_blocks=1, scale=4, shuffle_factor=2),
        "ESRGAN",
        2,
    ),
    "Real-ESRGAN compact": (lambda: Compact.Compact(num_feat=8, num_conv=2, upscale=4), "Compact", 4),
    "SwinIR": (swin, "SwinIR", 2),
    "SPAN": (lambda: SPAN.SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2), "SPAN", 2),
    "RCAN": (lambda: RCAN.RCAN(scale=2, n_resgroups=1, n_resblocks=1, n_feats=16, reduction=4), "RCAN", 2),
    "HAT": (hat, "HAT", 2),
}
"""Small networks of the official form: how to make one, spandrel's name for it, its scale."""


def state_of(make: Callable[[], torch.nn.Module]) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.meshgrid")
        return make().state_dict()


def gray() -> torch.nn.Module:
    return Compact.Compact(num_in_ch=1, num_out_ch=1, num_feat=8, num_conv=2, upscale=2)


def picture(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def as_spandrel_does(state: dict[str, torch.Tensor], image: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.meshgrid")
        descriptor = spandrel.MAIN_REGISTRY.load(dict(state))
    large = descriptor.eval()(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255)
    return (255 * large).round()[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_is_recognised_and_answered_as_spandrel_itself_does(tmp_path: Path, name: str):
    make, architecture, scale = NETWORKS[name]
    state = state_of(make)
    torch.save({"params_ema": state}, tmp_path / "network.pth")
    model = create("spandrel", tmp_path / "network.pth", device="cpu")
    assert model.network._descriptor.architecture.id == architecture
    assert (model.scale, model.settings) == (scale, {"scale": scale})
    [answer] = model([picture()])
    assert answer.image.shape == (scale * HEIGHT, scale * WIDTH, 3)
    assert np.abs(answer.image - as_spandrel_does(state, picture())).max() <= 1


@pytest.mark.parametrize("name", NETWORKS)
def test_written_again_it_is_recognised_again_and_answers_the_same(tmp_path: Path, name: str):
    torch.save(state_of(NETWORKS[name][0]), tmp_path / "network.pth")
    model = create(weights=tmp_path / "network.pth", device="cpu")
    save(model, tmp_path / "again.safetensors")
    again = create(weights=tmp_path / "again.safetensors", device="cpu")
    assert (again.name, again.settings) == ("spandrel", model.settings)
    assert np.array_equal(again([picture()])[0].image, model([picture()])[0].image)


def test_the_names_that_real_esrgan_uses_are_understood(tmp_path: Path):
    torch.save({"params_ema": real_esrgan()}, tmp_path / "RealESRGAN_x4plus.pth")
    model = create(weights=tmp_path / "RealESRGAN_x4plus.pth", device="cpu")
    assert (model.name, model.scale) == ("spandrel", 4)
    answer = model([picture()])[0].image
    assert answer.std() > 1, "there is something to compare"
    assert np.abs(answer - as_spandrel_does(real_esrgan(), picture())).max() <= 1


@pytest.mark.parametrize("name", NETWORKS)
def test_a_picture_of_one_pixel_and_pictures_together_are_answered(name: str):
    model = upscaler(state_of(NETWORKS[name][0]))
    assert model([picture(1, 1)])[0].image.shape == (model.scale, model.scale, 3)
    images = [picture(18, 20), picture(18, 20)[::-1].copy(), picture(9, 40)]
    for together, image in zip(model(images), images, strict=True):
        assert np.abs(together.image.astype(int) - model([image])[0].image).max() <= 1


@pytest.mark.parametrize("name", ["ESRGAN", "Real-ESRGAN x2", "Real-ESRGAN compact", "SwinIR", "SPAN"])
def test_tiles_leave_no_seam_away_from_the_border(name: str):
    model, image = upscaler(state_of(NETWORKS[name][0])), picture(88, 150)
    whole = model([image])[0].image.astype(int)
    assert whole.std() > 5, "there is something to compare"
    model.selection = Selection(tile=48)
    tiled = model([image])[0].image
    border = 8 * model.scale
    assert np.abs(tiled - whole)[border:-border, border:-border].max() <= 1


def test_a_network_for_gray_pictures_makes_the_luminance_and_leaves_the_colour():
    model = upscaler(state_of(gray))
    pixels = torch.from_numpy(picture()).permute(2, 0, 1)[None].float() / 255
    gain = model.network(pixels) - Enlarge(2)(pixels)
    assert gain.abs().max() > 0.01
    torch.testing.assert_close(gain, gain[:, :1].expand_as(gain), atol=1e-5, rtol=0)
    assert model([picture()])[0].image.shape == (2 * HEIGHT, 2 * WIDTH, 3)


def test_a_network_that_restores_answers_at_the_same_size():
    model = upscaler(state_of(lambda: DnCNN.DnCNN(in_nc=3, out_nc=3, nc=8, nb=17, act_mode="R")))
    assert model([picture()])[0].image.shape == picture().shape


def test_a_network_learns_and_what_it_answers_is_recognised_as_before():
    model = upscaler(state_of(NETWORKS["SPAN"][0]))
    before = model([picture()])[0].image
    target = Picture(np.random.default_rng(1).integers(0, 256, (2 * HEIGHT, 2 * WIDTH, 3), np.uint8))
    optimizer = torch.optim.SGD(model.network.parameters(), lr=0.1)
    losses = []
    for _ in range(4):
        losses.append(model.losses([picture(), picture()], [target, target])["loss_difference"])
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    assert not np.array_equal(model([picture()])[0].image, before)
    assert recognises(model.network.state_dict())


def test_a_short_number_format_is_used_only_by_networks_that_can_work_in_it():
    formats: list[torch.dtype] = []
    for name in ("Real-ESRGAN compact", "SwinIR"):
        model = upscaler(state_of(NETWORKS[name][0]))
        network = model.network.eval()
        network._descriptor.supports_bfloat16 = name != "SwinIR"
        layer = next(one for one in network.modules() if isinstance(one, torch.nn.Conv2d))
        layer.register_forward_hook(lambda module, inputs, output: formats.append(output.dtype))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            network(torch.rand(1, 3, 16, 16))
    assert formats == [torch.bfloat16, torch.float32]


def test_without_weights_it_is_the_compact_network_of_real_esrgan():
    model = create("spandrel", "none", device="cpu")
    assert (model.network._descriptor.architecture.id, model.scale) == ("Compact", 4)


def test_files_of_other_networks_are_not_recognised():
    for name in OWN:
        assert not recognises(build_own(Origin(name, (), scale=2)).state_dict())
    assert not recognises({"fc.weight": torch.zeros(3, 3)})


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"fc.weight": torch.zeros(3, 3)}, r"no network with such tensors \(the first: fc.weight\)"),
        (state_of(gray) | {"body.0.weight": torch.zeros(8, 1, 5, 5)}, "these look like .*, but do not fit it"),
    ],
)
def test_weights_that_are_not_what_they_should_be_are_refused_in_one_line(state, reason: str):
    with pytest.raises(WeightsError, match=reason) as refused:
        upscaler(state)
    assert "\n" not in str(refused.value)


def test_a_network_for_other_channels_or_another_purpose_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch):
    state = state_of(lambda: Compact.Compact(num_in_ch=4, num_out_ch=4, num_feat=8, num_conv=2, upscale=2))
    with pytest.raises(ModelError, match="4 channels in and 4 out, expected 3 or 1"):
        upscaler(state)
    inpainting = spandrel.MaskedImageModelDescriptor(
        gray(), state_of(gray), Compact.CompactArch(), "Inpainting", [], True, True, 3, 3
    )
    monkeypatch.setattr(Compact.CompactArch, "load", lambda self, state: inpainting)
    with pytest.raises(ModelError, match="is for Inpainting, expected a network for super-resolution or restoration"):
        upscaler(state_of(gray))


def test_the_published_files_are_known_by_their_whole_hash_and_not_fetched_unasked(tmp_path: Path):
    rows = named_weights("spandrel")
    assert [row.name for row in rows] == ["realesr-general-x4v3", "RealESRGAN_x2plus", "RealESRGAN_x4plus"]
    assert all(len(row.sha256) == 64 and row.url.endswith(f"/{row.name}.pth") for row in rows)
    with pytest.raises(WeightsError, match="no weights cached for spandrel:realesr-general-x4v3"):
        create("spandrel", device="cpu", store=Store(tmp_path))


def test_no_file_of_the_package_imports_the_library_before_it_is_wanted():
    importing = {}
    for file in Path(deep_perception.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if found := [node for node in ast.walk(tree) if isinstance(node, ast.Import) and "spandrel" in ast.dump(node)]:
            importing[file.stem] = [node for node in found if node in tree.body]
    assert importing == {"spandrel_nets": []}


def test_where_the_library_is_missing_one_line_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "spandrel", None)
    assert not recognises(state_of(gray))
    with pytest.raises(ModelError, match="spandrel is not installed .* Install it: pip install spandrel"):
        create("spandrel", "none", device="cpu")


def upscaler(state: dict[str, torch.Tensor]) -> Upscaler:
    return Upscaler(build(Origin("spandrel", (), Checkpoint(state, "0"))), name="spandrel", labels=())
