"""How unlike all that was kept a picture is."""

from pathlib import Path

import numpy as np
import pytest

from deep_perception.data.sampling.network_embedding import USUAL as USUAL_OF_NETWORK
from deep_perception.data.sampling.network_embedding import NetworkEmbedding
from deep_perception.data.sampling.novelty import Nearest
from deep_perception.data.sampling.tiny_embedding import USUAL as USUAL_OF_TINY
from deep_perception.data.sampling.tiny_embedding import tiny_embedding
from deep_perception.errors import ModelError, WeightsError
from deep_perception.models.creation import create, save
from deep_perception.models.shipped import FOLDER
from deep_perception.scenes import Scene, render

EMBEDDINGS = {"tiny": (tiny_embedding, USUAL_OF_TINY), "network": (NetworkEmbedding(), USUAL_OF_NETWORK)}


def point(*numbers: float) -> np.ndarray:
    """A picture that stands for a point: the embedding of these tests reads it back."""
    return np.array(numbers, np.float32)


def nearest(memory: int, *points: np.ndarray) -> Nearest:
    novelty = Nearest(lambda image: image, 1.0, memory)
    for one in points:
        novelty.remember(one)
    return novelty


def test_it_is_the_distance_to_the_nearest():
    novelty = nearest(10, point(0, 0), point(10, 0))
    assert novelty(point(7, 4)) == pytest.approx(5.0)
    assert novelty.words(5.0) == "new: 5.00 from the nearest kept"


def test_what_is_further_than_the_threshold_is_wanted_the_more_the_further():
    novelty = nearest(10, point(0, 0))
    assert novelty.wants(point(1, 0), 0.0) is None
    assert novelty.wants(point(4, 0), 0.0).weight == pytest.approx(0.75)
    assert novelty.wants(point(4, 0), 5.0) is None


def test_the_first_picture_is_new():
    reason = nearest(10).wants(point(0, 0), 0.0)
    assert (reason.words, reason.weight) == ("new: nothing is kept yet", 1.0)


def test_an_embedding_is_computed_once_for_a_picture_that_is_judged_and_then_kept():
    computed = []
    novelty = Nearest(lambda image: computed.append(1) or image, 1.0, 10)
    picture = point(0, 0)
    novelty.wants(picture, 0.0)
    novelty.remember(picture)
    assert len(computed) == 1


@pytest.mark.parametrize("seed", range(10))
def test_a_bounded_memory_stands_for_all_that_was_remembered(seed):
    rng = np.random.default_rng(seed)
    memory = int(rng.integers(1, 30))
    points = (rng.normal(0, 1, (300, 3)) * rng.choice([0.01, 1, 100], (300, 1))).astype(np.float32)
    novelty = nearest(memory, *points)
    assert 1 <= len(novelty) <= memory
    assert max(novelty(one) for one in points) <= 2 * novelty.radius * 1.001


@pytest.mark.parametrize("seed", range(5))
def test_it_stands_as_well_as_promised_against_the_best_choice(seed):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-100, 100, (5, 2))
    points = (centres[rng.integers(0, 5, 200)] + rng.uniform(-1, 1, (200, 2))).astype(np.float32)
    worst_of_centres = max(np.linalg.norm(centres - one, axis=1).min() for one in points)
    novelty = nearest(5, *points)
    assert max(novelty(one) for one in points) <= 8 * worst_of_centres


def test_what_is_remembered_twice_is_held_once():
    assert len(nearest(10, *[point(1, 2)] * 5)) == 1


@pytest.fixture(scope="module", params=EMBEDDINGS)
def embedding(request):
    return EMBEDDINGS[request.param]


def distance(embed, one, other) -> float:
    return float(np.linalg.norm(embed(one) - embed(other)))


def test_an_embedding_is_a_unit_vector_of_one_size_for_pictures_of_any_size(embedding):
    embed, _ = embedding
    rng = np.random.default_rng(0)
    vectors = [
        embed(rng.integers(0, 256, shape).astype(np.uint8)) for shape in [(480, 640, 3), (1, 1, 3), (30, 500, 3)]
    ]
    assert len({vector.shape for vector in vectors}) == 1
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_an_embedding_leaves_the_picture_as_it_was_and_says_the_same_again(embedding):
    embed, _ = embedding
    picture = render(Scene(0), 0.0, (120, 160)).image
    before = picture.copy()
    picture.flags.writeable = False
    assert np.array_equal(embed(picture[:, ::-1]), embed(picture[:, ::-1].copy()))
    assert np.array_equal(embed(picture), embed(picture))
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("seed", range(4))
def test_another_view_of_a_scene_is_not_new_and_another_table_is(embedding, seed):
    embed, usual = embedding
    scene = Scene(seed, surface="wood")
    picture, again = render(scene, 0.0).image, render(scene, 0.5).image
    elsewhere = render(Scene(seed + 100, surface="cloth"), 0.0).image
    assert distance(embed, picture, again) < usual < distance(embed, picture, elsewhere)


def test_the_cameras_exposure_is_not_new(embedding):
    embed, usual = embedding
    picture = render(Scene(1), 0.0).image
    assert distance(embed, picture, (picture * 0.8).astype(np.uint8)) < usual / 2


@pytest.mark.parametrize("name", ["lenet5", "squeezenet1_1", "mobilenet_v3_small"])
def test_any_classifier_can_serve(tmp_path: Path, name):
    save(create(name, "none", device="cpu"), tmp_path / "own.safetensors")
    vector = NetworkEmbedding(str(tmp_path / "own.safetensors"))(np.full((50, 60, 3), 99, np.uint8))
    assert vector.ndim == 1 and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_detector_cannot_and_the_error_says_what_could():
    with pytest.raises(ModelError, match="is a detection model, expected a classifier"):
        NetworkEmbedding(str(FOLDER / "tabletop_detector.safetensors"))


def test_weights_that_are_not_there_are_named():
    with pytest.raises(WeightsError, match=r"'nowhere\.safetensors' does not exist"):
        NetworkEmbedding("nowhere.safetensors")
