import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deep_perception.data.media import read_image
from deep_perception.errors import StorageError
from deep_perception.training.curves import COLOURS, curves, rate_plot
from deep_perception.training.rate import RateFinding

LINE = {"epoch": 1, "step": 20, "lr": 1e-3, "loss_class": 0.7, "loss_box": 0.4, "gradient_norm": 2.0, "AP": 0.3}


def has(picture: np.ndarray, colour: str) -> bool:
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return bool((np.abs(picture.astype(int) - wanted).max(-1) < 12).any())


@pytest.mark.parametrize(
    "history",
    [
        [],
        [LINE],
        [LINE, {**LINE, "epoch": 2, "loss_class": math.nan, "AP": math.inf}],
        [{"epoch": 1, "loss": 5.0}, LINE, {**LINE, "epoch": 3, "loss_mask": 0.0}],
        [{"AP of mug": 0.2}, {"AP of mug": 0.4}],
        [{"epoch": 1}],
        [{**LINE, **{f"loss_{number}": 1.0 + number for number in range(20)}, "loss_class": 1e6}],
    ],
)
def test_any_history_is_drawn(history: list[dict[str, float]], tmp_path: Path) -> None:
    curves(history, tmp_path / "curves.png")
    assert read_image(tmp_path / "curves.png").std() > 0
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_every_part_of_the_loss_is_drawn(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        parts = {f"loss_{part}": 1.0 + part for part in range(number)}
        curves([{"epoch": 1, **parts}, {"epoch": 2, **parts}], tmp_path / "curves.png")
        drawn = [has(read_image(tmp_path / "curves.png"), colour) for colour in COLOURS[:4]]
        assert drawn == [place < number for place in range(4)]


@pytest.mark.parametrize(
    ("rates", "losses"),
    [
        ((1e-7, 1e-6, 1e-5, 1e-4), (2.0, 1.5, 1.0, math.nan)),
        ((1e-5,), (2.0,)),
        ((1e-5, 1e-4), (1.0, 1e30)),
        ((1e-5, 1e-4), (0.0, 0.0)),
    ],
)
def test_any_range_test_is_drawn(rates: tuple[float, ...], losses: tuple[float, ...], tmp_path: Path) -> None:
    rate_plot(RateFinding(rates, losses, 1e-5, "why"), tmp_path / "rate.png")
    assert has(read_image(tmp_path / "rate.png"), COLOURS[1])


def test_the_chosen_rate_is_marked_where_it_lies(tmp_path: Path) -> None:
    rates = tuple(float(f"1e{power}") for power in range(-7, 0))
    places = []
    for chosen in (1e-6, 1e-3):
        rate_plot(RateFinding(rates, (2.0, 1.9, 1.5, 1.1, 1.0, 1.0, 3.0), chosen, "why"), tmp_path / "rate.png")
        red = (read_image(tmp_path / "rate.png").astype(int) - [194, 47, 47] == 0).all(-1)
        places.append(red.sum(0).argmax() / red.shape[1])
    assert 0.1 < places[0] < 0.35 < 0.5 < places[1] < 0.75


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="curves.png"):
        curves([LINE], tmp_path / "missing" / "curves.png")


def test_drawing_says_nothing_and_needs_no_screen_even_where_fonts_were_never_looked_up(tmp_path: Path) -> None:
    program = (
        f"from deep_perception.training.curves import curves\nfrom pathlib import Path\n"
        f"curves([{LINE!r}], Path({str(tmp_path / 'curves.png')!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"MPLCONFIGDIR": "/proc/no/such/place", "HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
