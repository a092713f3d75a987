"""However the pictures are shared out, each is done once, and the result is the same."""

import signal
import sys

import numpy as np
import pytest
from bag_making import classification, packed, write

from deep_perception.config import PerceptionConfig
from deep_perception.errors import ConfigError, InputError
from deep_perception.evaluate_config import EvaluateConfig
from deep_perception.evaluation.bags import on_ray
from deep_perception.evaluation.bags.conclusion import conclude_in
from deep_perception.evaluation.bags.course import follow
from deep_perception.evaluation.bags.folder import EvaluationFolder
from deep_perception.evaluation.bags.planning import plan
from deep_perception.evaluation.bags.shards import cut, sensible_workers
from deep_perception.training.listener import Listener

LENET = PerceptionConfig(model="lenet5", weights="none", device="cpu")
MADE = {"when": "", "command": "", "versions": {}, "machine": {}, "seconds": 1.0}


@pytest.mark.parametrize("pictures", [[0], [20], [1000], [130, 7, 501], [64] * 5])
@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("batch", [1, 3, 64])
def test_shards_hold_every_picture_once_and_begin_between_batches(pictures, workers, batch):
    found = cut(pictures, workers, batch)
    assert [shard.number for shard in found] == list(range(len(found)))
    for stream, count in enumerate(pictures):
        own = [shard for shard in found if shard.stream == stream]
        assert own[0].first == 0 and own[-1].last is None
        assert [shard.last for shard in own[:-1]] == [shard.first for shard in own[1:]]
        assert all(shard.first % batch == 0 and shard.first <= max(0, count + batch) for shard in own)


def test_one_long_recording_is_shared_out_evenly_unless_it_must_be_whole():
    assert [shard.first for shard in cut([10_000], 4, 1)] == [0, 2500, 5000, 7500]
    assert len(cut([10_000], 4, 1, whole=True)) == 1


def test_no_more_processes_are_started_than_there_is_work_for():
    assert [sensible_workers(pictures, 4) for pictures in (0, 20, 150, 10_000)] == [1, 1, 2, 4]


@pytest.fixture(scope="module")
def bags(tmp_path_factory):
    """Two recordings, one of which is cut."""
    folder, rng = tmp_path_factory.mktemp("bags"), np.random.default_rng(0)

    def picture(second):
        pixels = rng.integers(0, 256, 28 * 28 * 3, np.uint8)
        return packed(second, "sensor_msgs/msg/Image", 28, 28, "rgb8", 0, 84, pixels)

    def recorded(name, count):
        truth = [classification(second, **{str(second % 10): 1.0}) for second in range(count)]
        return write(folder / name, {"/image": [picture(second) for second in range(count)], "/truth": truth})

    return [recorded("long", 150), recorded("short", 5)]


def evaluated(bags, folder, listener=None, **settings):
    config = EvaluateConfig(truth="/truth", **settings)
    job, answers = plan(bags, config, LENET)
    folder, given = EvaluationFolder(folder), {"bags": list(map(str, bags)), "truth": "/truth", **vars(LENET)}
    with folder.claimed():
        stopped = follow(job, answers, folder, given, listener or Listener())
        result = conclude_in(folder, job, MADE, finished=not stopped)
    return {name: value for name, value in result.items() if name not in ("made", "speed")}


@pytest.fixture(scope="module")
def alone(bags, tmp_path_factory):
    """What one process says."""
    return evaluated(bags, tmp_path_factory.mktemp("alone") / "out", workers=1)


def test_two_processes_say_what_one_says(bags, alone, tmp_path):
    assert evaluated(bags, tmp_path / "out", workers=2) == alone
    assert len(EvaluationFolder(tmp_path / "out").job()["shards"]) == 3


class StopsAfter(Listener):
    def __init__(self, pictures):
        self.left = pictures

    def advance(self, remark=""):
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


def test_what_two_processes_began_one_can_end(bags, alone, tmp_path):
    evaluated(bags, tmp_path / "out", StopsAfter(60), workers=2)
    assert not EvaluationFolder(tmp_path / "out").concluded
    assert evaluated(bags, tmp_path / "out", workers=1) == alone


def test_a_mistake_in_a_process_is_told_as_in_this_one(bags, tmp_path):
    job, answers = plan(bags, EvaluateConfig(workers=2), LENET)
    bags[1].rename(bags[1].with_name("moved"))
    try:
        folder = EvaluationFolder(tmp_path / "out")
        with folder.claimed(), pytest.raises(InputError, match="short does not exist"):
            follow(job, answers, folder, {}, Listener())
    finally:
        bags[1].with_name("moved").rename(bags[1])


@pytest.mark.slow
def test_ray_says_what_one_process_says(bags, alone, tmp_path):
    pytest.importorskip("ray")
    assert evaluated(bags, tmp_path / "out", workers=2, ray="local") == alone


def test_where_ray_is_missing_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="pip install"):
        on_ray.Cluster("local", 1)
