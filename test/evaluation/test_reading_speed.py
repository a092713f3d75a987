"""Reading is compared with rosbags on the same files, both to the last byte."""

from pathlib import Path

from bag_making import compressed, file, raw, shade, write

from deep_perception.evaluation.reading_speed import TOPIC, contestants, measure


def test_both_sides_read_every_byte_of_every_picture(tmp_path: Path) -> None:
    content = file(".png", shade(5))
    for name, messages, size in (
        ("raw", [raw(0), raw(1)], 2 * shade(0).size),
        ("compressed", [compressed(0, content)], len(content)),
    ):
        calls = contestants(write(tmp_path / name, {TOPIC: messages, "/other": [raw(3)]}))
        assert [call() for call in calls.values()] == [size, size]


def test_each_kind_of_picture_has_its_speed_and_a_target() -> None:
    lines = measure(2, frames=2)
    assert [line.name.split(":")[0] for line in lines] == ["720p JPEG in MCAP"] * 2 + ["720p raw in MCAP"] * 2
    assert all(line.value > 0 for line in lines)
    assert [line.least for line in lines] == [None, 0.9, None, 0.9]
