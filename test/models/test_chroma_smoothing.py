"""Colours flicker less, stay where they belong, and brightness stays what it was."""

from itertools import islice

import cv2
import numpy as np
import pytest

from deep_perception.data.media import frames
from deep_perception.evaluation.flicker import flicker
from deep_perception.models.chroma_smoothing import ChromaSmoothing
from deep_perception.predictions import Image, Picture
from deep_perception.scenes import Scene, render

BRIGHTNESS = np.array([0.299, 0.587, 0.114])


def grey(image: Image) -> Image:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def lab(image: Image) -> np.ndarray:
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def flickering(video: list[Image], strength: float = 12) -> list[Picture]:
    """What a colorizer does to a video: another large stain of wrong colour in each picture."""
    rng, answers = np.random.default_rng(0), []
    for image in video:
        stains = rng.normal(0, strength, (6, 8, 2)).astype(np.float32)
        wrong = lab(image)
        wrong[..., 1:] += cv2.resize(stains, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        answers.append(Picture(np.uint8(np.clip(cv2.cvtColor(wrong, cv2.COLOR_LAB2RGB) * 255, 0, 255).round())))
    return answers


def smoothed(video: list[Image], answers: list[Picture], strength: float = 0.8) -> list[Picture]:
    memory = ChromaSmoothing(lambda: strength)
    return [memory(grey(image), answer) for image, answer in zip(video, answers, strict=True)]


def errors(video: list[Image], answers: list[Picture]) -> np.ndarray:
    """Mean difference of a and b from the true colours, for each picture, without what is the sensor's noise."""
    differences = [lab(image) - lab(answer.image) for image, answer in zip(video, answers, strict=True)]
    return np.array([np.abs(cv2.blur(difference, (7, 7)))[..., 1:].mean() for difference in differences])


@pytest.fixture(scope="module")
def moving() -> list[Image]:
    """A camera that moves around a table."""
    return [render(Scene(2), 0.1 * step, (240, 320)).image for step in range(12)]


@pytest.fixture(scope="module")
def walking(shared_data) -> list[Image]:
    """A camera that stands, and a person who walks past it."""
    path = shared_data / "video" / "one-by-one-person-detection.mp4"
    return [cv2.pyrDown(frame.image) for frame in islice(frames(path), 60, 76)]


@pytest.fixture(params=["moving", pytest.param("walking", marks=pytest.mark.weights)])
def video(request) -> list[Image]:
    return request.getfixturevalue(request.param)


def test_flicker_falls_and_colours_come_nearer_to_the_truth(video):
    before = flickering(video)
    after = smoothed(video, before)
    greys = [grey(image) for image in video]
    assert flicker(greys, after).mean < 0.5 * flicker(greys, before).mean
    assert errors(video, after).mean() < 0.75 * errors(video, before).mean()
    assert errors(video, after)[-5:].mean() < errors(video, after)[:5].mean(), "colours drift"


def test_colours_that_are_right_stay_right(video):
    assert errors(video, smoothed(video, [Picture(image) for image in video], 0.95)).max() < 0.6


def test_brightness_stays_what_it_was(video):
    before = flickering(video)
    for was, now in zip(before, smoothed(video, before), strict=True):
        assert np.abs(was.image @ BRIGHTNESS - now.image @ BRIGHTNESS).max() <= 0.51


def test_brightness_stays_even_where_the_colour_of_before_does_not_fit():
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], 3, axis=2).repeat(96, axis=0)
    red = np.clip(ramp + np.array([60, -20, -56]), 0, 255).astype(np.uint8)
    memory = ChromaSmoothing(lambda: 0.95)
    memory(ramp, Picture(red))
    now = memory(ramp, Picture(ramp)).image
    assert np.abs(now @ BRIGHTNESS - ramp @ BRIGHTNESS).max() <= 0.51
    assert now[:, 128, 0].mean() > now[:, 128, 2].mean() + 50, "where it fits it is there"


def test_a_still_stays_the_same(moving):
    still = [moving[0]] * 5
    for answer in smoothed(still, [Picture(moving[0])] * 5, 0.95):
        assert np.array_equal(answer.image, moving[0])


def test_a_still_of_which_the_answers_flicker_grows_steady(moving):
    still = [moving[0]] * 16
    before = flickering(still)
    assert flicker(still, smoothed(still, before, 0.9)).mean < 0.25 * flicker(still, before).mean


def test_at_a_cut_nothing_of_the_old_scene_is_left(moving):
    memory = ChromaSmoothing(lambda: 0.95)
    for image, answer in zip(moving[:4], flickering(moving[:4]), strict=True):
        memory(grey(image), answer)
    other = render(Scene(7), 0.0, (240, 320)).image
    other[:24] = moving[3][:24]  # not even where both happen to be the same
    answer = Picture(other)
    assert memory(grey(other), answer) is answer


def wall_and_thing() -> tuple[np.ndarray, np.ndarray]:
    """Two textures, one of them a little brighter."""
    rng = np.random.default_rng(0)
    wall, thing = (cv2.GaussianBlur(rng.normal(0, 90, (480, 640)), (0, 0), 3) for _ in range(2))
    return 120 + wall[..., None] + np.array([-30, 10, 15]), 140 + thing[..., None] + np.array([30, 0, -60])


def colour_errors(now: Image, truth: Image) -> np.ndarray:
    return np.abs(lab(now) - lab(truth))[..., 1:].mean(2)


def test_what_comes_out_from_behind_something_has_its_own_colour():
    wall, thing = wall_and_thing()
    video = []
    for left in range(100, 172, 6):
        image = wall.copy()
        image[180:280, left : left + 100] = thing[180:280, :100]
        video.append(np.uint8(np.clip(image, 0, 255).round()))
    last = smoothed(video, [Picture(image) for image in video], 0.9)[-1].image
    difference = colour_errors(last, video[-1])[185:275]
    between = np.abs(lab(video[-1])[230, left + 20 : left + 80].mean(0) - lab(wall.astype(np.uint8))[230].mean(0))
    assert between[1:].mean() > 20, "units of a and b"
    assert difference[:, left - 6 : left].mean() < 0.8, "just uncovered"
    assert difference[:, left - 36 : left - 6].mean() < 1.5, "uncovered before"
    assert difference[:, left + 8 : left + 92].mean() < 1.5, "the thing itself"


def test_what_takes_the_place_of_something_else_has_its_own_colour():
    wall, _ = wall_and_thing()
    before, now = (np.uint8(np.clip(wall, 0, 255).round()) for _ in range(2))
    before[200:300, 300:400] = (60, 60, 160)
    now[200:300, 300:400] = (160, 120, 60)
    last = smoothed([before, now], [Picture(before), Picture(now)], 0.9)[-1].image
    assert colour_errors(last, now)[202:298, 302:398].max() < 1


def test_without_strength_answers_pass_untouched_and_nothing_is_remembered(moving):
    strength = 0.9
    memory = ChromaSmoothing(lambda: strength)
    answers = flickering(moving)
    memory(moving[0], answers[0])
    assert memory(moving[1], answers[1]) is not answers[1]
    strength = 0.0
    assert memory(moving[2], answers[2]) is answers[2]
    strength = 0.9
    assert memory(moving[3], answers[3]) is answers[3], "the first that is remembered"
    assert memory(moving[4], answers[4]) is not answers[4]


def test_forgetting_and_another_size_start_again(moving):
    answers = flickering(moving)
    memory = ChromaSmoothing(lambda: 0.9)
    memory(moving[0], answers[0])
    memory.reset()
    assert memory(moving[1], answers[1]) is answers[1]
    smaller = moving[2][:200, :300].copy()
    assert memory(smaller, Picture(smaller)).image.shape == (200, 300, 3)
    assert memory(smaller, again := Picture(smaller)) is again


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 1000), (16, 300), (700, 900)])
def test_pictures_of_any_shape_are_smoothed(shape):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*shape, 3), np.uint8)
    answers = [Picture(rng.integers(0, 256, (*shape, 3), np.uint8)) for _ in range(3)]
    shifted = [image, np.roll(image, 1, axis=1), np.roll(image, 2, axis=1)]
    for answer in smoothed(shifted, answers):
        assert answer.image.shape == (*shape, 3)
