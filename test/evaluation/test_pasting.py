"""The cost of pasting is measured on contestants that do the same work."""

import numpy as np
import pytest

from deep_perception.evaluation.pasting import contestants, measure


@pytest.mark.parametrize("count", [1, 10])
def test_the_contestants_paste_the_same_masks(count):
    calls = contestants(count)
    ours, theirs = calls["ours"](), calls["torchvision's"]().numpy()
    assert ours.shape == theirs.shape == (count, 480, 640)
    assert ours.any(axis=(1, 2)).all()
    assert np.mean(ours != theirs) < 1e-4
    assert 0 < calls["numbering"]().max() <= count


def test_every_count_has_its_cost_and_a_target(monkeypatch):
    monkeypatch.setattr("deep_perception.evaluation.pasting.COUNTS", (1, 2))
    lines = measure(2)
    assert len(lines) == 6
    assert all(line.value > 0 for line in lines)
    assert sum(line.target is not None for line in lines) == 2
