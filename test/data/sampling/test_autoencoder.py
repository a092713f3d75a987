"""An autoencoder that learns what is usual."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from deep_perception.data.record import Record
from deep_perception.data.sampling.autoencoder import Autoencoder, divergence, drawn, learn, reconstruction, tensor_of
from deep_perception.data.sampling.creation import LEARNT, create_novelty
from deep_perception.data.sampling.novelty import Nearest
from deep_perception.data.sampling.settings import SamplingConfig
from deep_perception.data.sampling.unusual import Unusual, fit_vae
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError, WeightsError
from deep_perception.models.shipped import FOLDER
from deep_perception.scenes import Scene, render

VAE = SamplingConfig(novelty="vae")


def views(surface: str, seed: int, count: int, start: float = 0.0) -> list[np.ndarray]:
    scene = Scene(seed, surface=surface)
    return [render(scene, start + 0.4 * number, (96, 128)).image for number in range(count)]


@lru_cache(maxsize=1)
def collected() -> list[np.ndarray]:
    """What a robot saw in two places."""
    return [*views("wood", 0, 50), *views("metal", 1, 50)]


@lru_cache(maxsize=1)
def learnt() -> Unusual:
    return fit_vae(collected(), steps=60)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", range(5))
def test_the_divergence_is_what_sampling_finds(seed):
    mean, log_variance = torch.randn(2, 1, 4, generator=seeded(seed)).unbind(0)
    z = drawn(mean.expand(200_000, 4), log_variance.expand(200_000, 4), seeded(seed))
    own = torch.distributions.Normal(mean, (0.5 * log_variance).exp()).log_prob(z).sum(1)
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    assert divergence(mean, log_variance).item() == pytest.approx((own - normal).mean().item(), rel=0.02)


def test_the_divergence_is_never_negative_and_nothing_for_the_normal():
    mean, log_variance = torch.randn(2, 1000, 8, generator=seeded()).mul(3).unbind(0)
    assert (divergence(mean, log_variance) >= 0).all()
    assert divergence(torch.zeros(1, 8), torch.zeros(1, 8)).item() == 0


def test_the_gradient_passes_through_the_drawn_z_to_mean_and_variance():
    mean, log_variance = torch.zeros(2, 3, 4).requires_grad_().unbind(0)
    z = drawn(mean, log_variance, seeded())
    slopes = torch.autograd.grad(z.sum(), (mean, log_variance))
    assert torch.equal(slopes[0], torch.ones(3, 4))
    assert torch.allclose(slopes[1], z.detach() / 2)  # of exp(v / 2) * noise, at v = 0


def test_the_reconstruction_alone_teaches_the_encoder():
    network = Autoencoder()
    pictures = torch.rand(2, 3, 64, 64, generator=seeded())
    z = drawn(*network.encoded(pictures), seeded())
    reconstruction(pictures, network.decoder(z)).sum().backward()
    assert all(part.grad is not None and part.grad.abs().sum() > 0 for part in network.encoder.parameters())


def test_the_drawn_z_have_the_mean_and_variance_they_are_drawn_from():
    mean, log_variance = torch.tensor([[2.0, -1.0]]), torch.tensor([[0.0, 2.0]])
    z = drawn(mean.expand(100_000, 2), log_variance.expand(100_000, 2), seeded())
    assert torch.allclose(z.mean(0), mean[0], atol=0.03)
    assert torch.allclose(z.var(0), log_variance.exp()[0], rtol=0.03)


def test_the_bound_falls_while_it_learns():
    torch.manual_seed(0)
    bounds = learn(Autoencoder(), tensor_of(collected()), steps=40, seed=0)
    assert np.mean(bounds[-5:]) < 0.7 * np.mean(bounds[:5])


def test_what_it_never_saw_is_more_unusual_than_other_views_of_what_it_learnt_from():
    seen = [learnt()(image) for image in [*views("wood", 0, 8, 0.2), *views("metal", 1, 8, 0.2)]]
    elsewhere = [learnt()(image) for surface in ("cloth", "marble") for image in views(surface, 50, 8)]
    patches = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    assert np.median(elsewhere) > 2 * np.median(seen)
    assert np.mean(np.array(elsewhere) > learnt().usual) > 0.9
    assert np.mean(np.array(seen) > learnt().usual) < 0.2
    assert learnt()(patches.repeat(16, 0).repeat(16, 1)) > learnt().usual


def test_the_words_say_how_unusual():
    picture = views("cloth", 50, 1)[0]
    reason = learnt().wants(picture, 0.1)
    assert reason.words == f"new: drawn {learnt()(picture):.2f} times worse than 95% of the pictures learnt from"


def test_equal_pictures_and_seeds_give_equal_scores_whatever_was_drawn_before():
    picture = views("cloth", 50, 1)[0]
    scores = []
    for other in (1, 2):
        torch.manual_seed(other)
        before = torch.get_rng_state()
        scores.append(fit_vae(collected(), steps=3, seed=7)(picture))
        assert torch.equal(torch.get_rng_state(), before)
    assert scores[0] == scores[1] != fit_vae(collected(), steps=3, seed=8)(picture)


def test_it_is_the_same_after_a_trip_through_a_file(tmp_path: Path):
    learnt().save(tmp_path / "own.safetensors")
    again = create_novelty(SamplingConfig(novelty="vae", novelty_weights=str(tmp_path / "own.safetensors")), tmp_path)
    assert isinstance(again, Unusual) and again.pictures == 100
    picture = views("cloth", 50, 1)[0]
    assert again(picture) == learnt()(picture)


def test_weights_of_another_network_are_refused():
    with pytest.raises(WeightsError, match="expected novelty_vae"):
        Unusual.load(FOLDER / "tabletop_surfaces.safetensors")


def test_too_few_pictures_are_refused_with_a_remedy(tmp_path: Path):
    with pytest.raises(InputError, match="at least 50 pictures, got 0. Collect with novelty tiny first"):
        create_novelty(VAE, tmp_path)


def fill(folder: Path, start: int, count: int) -> None:
    with Writer(folder) as writer:
        for number in range(start, start + count):
            image = np.full((8, 8, 3), number, np.uint8)
            writer.add(Record(f"picture_{number}", ".png", 8, 8), image)


def test_it_learns_from_the_data_set_once_and_again_when_that_has_doubled(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("deep_perception.data.sampling.unusual.fit_vae.__defaults__", (1, 0))
    fill(tmp_path, 0, 60)
    assert create_novelty(VAE, tmp_path).pictures == 60
    written = (tmp_path / LEARNT).stat().st_mtime_ns
    fill(tmp_path, 60, 59)
    assert create_novelty(VAE, tmp_path).pictures == 60
    assert (tmp_path / LEARNT).stat().st_mtime_ns == written
    fill(tmp_path, 119, 1)
    assert create_novelty(VAE, tmp_path).pictures == 120


def test_the_other_kinds_of_novelty_are_made_by_name(tmp_path: Path):
    assert create_novelty(SamplingConfig(novelty="none"), tmp_path) is None
    assert isinstance(create_novelty(SamplingConfig(novelty="tiny"), tmp_path), Nearest)
    assert isinstance(create_novelty(SamplingConfig(novelty="network"), tmp_path), Nearest)
