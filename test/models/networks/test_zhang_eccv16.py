"""The network of "Colorful Image Colorization", as its authors released it."""

import hashlib

import torch
from torch import nn

from deep_perception.models import checkpoint as checkpoints
from deep_perception.models.networks.ab_bins import annealed_mean
from deep_perception.models.networks.zhang_eccv16 import Eccv16, build, named_weights
from deep_perception.models.unallocated import count_parameters, unallocated


def names_and_shapes(network: nn.Module) -> str:
    """Digest of the sorted lines `name shape` of the state."""
    lines = [f"{name} {tuple(tensor.shape)}" for name, tensor in sorted(network.state_dict().items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_the_state_has_the_names_and_shapes_of_the_public_code():
    with unallocated():
        network = build()
    assert len(network.state_dict()) == 82
    assert count_parameters(network) == 32_236_011
    assert names_and_shapes(network) == "83887a0441b2a2b10a52283f6ee1fde4289669fa60d6ba76dbb34f731a200a82"


def test_a_file_of_the_public_form_loads(tmp_path):
    torch.manual_seed(0)
    # Counters of the norms are younger than the released file.
    state = {name: tensor for name, tensor in Eccv16(4).state_dict().items() if "num_batches" not in name}
    torch.save(state, tmp_path / "released.pth")
    network = Eccv16(4)
    checkpoints.load_into(network, checkpoints.load(tmp_path / "released.pth"))
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in state.items())


def test_the_released_file_is_known_by_its_hash():
    [weights] = named_weights("colorizer_eccv16")
    assert weights.file_name == "colorization_release_v2-9b330a0b.pth"
    assert weights.sha256.startswith("9b330a0b") and len(weights.sha256) == 64
    assert (weights.licence, weights.labels) == ("BSD-2-Clause", ())


def test_untrained_it_answers_with_the_mean_of_the_bins_at_the_size_of_its_input():
    network = Eccv16(4).eval()
    light = torch.rand(2, 1, 32, 48) * 100
    with torch.inference_mode():
        colours, scores = network(light), network.scores(light)
        mean = annealed_mean(scores, 1.0)
    assert colours.shape == (2, 2, 32, 48)
    assert scores.shape == (2, 313, 8, 12)
    torch.testing.assert_close(colours, nn.functional.interpolate(mean, scale_factor=4.0, mode="bilinear"))
