"""What a model keeps of a stream of pictures: one memory a camera, and none of what was before a jump."""

import numpy as np
import pytest
import torch
from robot import SMALL, Robot, belonging, stamped
from sensor_msgs.msg import Image

from deep_perception import pixels
from deep_perception.models import create, save
from deep_perception.scenes import Scene, render

SIZE = (120, 160)


def shown(noise: int) -> Image:
    """Return a scene as a camera would see it again: with other noise."""
    levels = np.random.default_rng(1).integers(-noise, noise + 1, (*SIZE, 1))
    message = Image()
    pixels.fill(message, (render(Scene(3), 0.0, SIZE).image + levels).clip(0, 255).astype(np.uint8), "rgb8")
    return message


FIRST, AGAIN = shown(0), shown(3)


@pytest.fixture
def painter(tmp_path) -> dict:
    """A colorizer with strong opinions, which a little noise changes."""
    model = create(SMALL["colorization"], "none", device="cpu")
    with torch.no_grad():
        model.network.classify.weight.mul_(1000)
    save(model, tmp_path / "fickle.safetensors")
    return {"weights": str(tmp_path / "fickle.safetensors"), "device": "cpu"}


def coloured(robot: Robot, answers: list, shown: Image, second: float, topic: str = "image") -> np.ndarray:
    """Show a picture, once: whether it came twice must not matter here."""
    return pixels.to_rgb(belonging(answers, robot.show(stamped(shown, second), topic).header))


def alone(robot: Robot, shown: Image) -> np.ndarray:
    """Return what the model makes of a picture without knowing of another."""
    return robot.node.duty.model([pixels.to_rgb(shown)])[0].image


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other.astype(float)).mean())


def test_colours_are_steadied_from_picture_to_picture_until_stamps_go_back(context, painter):
    with Robot(context, **painter) as robot:
        answers, now = robot.hear(Image, "image_color"), alone(robot, AGAIN)
        robot.ask(answers, stamped(FIRST, 1.0))
        before = coloured(robot, answers, FIRST, 100.0)
        assert np.array_equal(coloured(robot, answers, AGAIN, 101.0), now), "nothing is steadied unasked"
        assert robot.set(temporal_smoothing=0.95).successful
        assert np.array_equal(coloured(robot, answers, FIRST, 102.0), before), "there is nothing to remember yet"
        assert distance(coloured(robot, answers, AGAIN, 103.0), before) < 0.9 * distance(now, before)
        assert np.array_equal(coloured(robot, answers, AGAIN, 10.0), now), "the recording started again"


def test_cameras_do_not_remember_for_each_other_and_a_new_model_remembers_nothing(context, painter):
    with Robot(context, **painter, cameras=["front", "rear"], temporal_smoothing=0.95) as robot:
        front, rear = (robot.hear(Image, f"{name}/image_color") for name in ("front", "rear"))
        now = alone(robot, AGAIN)
        robot.ask(rear, stamped(AGAIN, 1.0), "rear/image")
        robot.ask(front, stamped(FIRST, 1.0), "front/image")
        assert np.array_equal(coloured(robot, rear, AGAIN, 101.0, "rear/image"), now)
        assert not np.array_equal(coloured(robot, front, AGAIN, 101.0, "front/image"), now)
        coloured(robot, front, FIRST, 102.0, "front/image")
        assert robot.set(weights=painter["weights"]).successful
        assert np.array_equal(coloured(robot, front, AGAIN, 103.0, "front/image"), alone(robot, AGAIN))
