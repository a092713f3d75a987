"""Saving goes on beside everything else, until the disk refuses."""

import numpy as np
import pytest

from deep_perception.data.dataset import Dataset
from deep_perception.data.record import Record
from deep_perception.data.saving import Saving
from deep_perception.data.writer import Writer
from deep_perception.errors import StorageError

IMAGE = np.zeros((4, 4, 3), np.uint8)


def add(name: str):
    return lambda writer: writer.add(Record(name, "", 0, 0), IMAGE).id


def test_what_was_asked_for_is_on_disk_after_the_end_and_the_data_set_is_free(tmp_path):
    saving = Saving(Writer(tmp_path), pytest.fail)
    asked = [saving.submit(add(name), 100) for name in "abc"]
    assert saving.close(10.0) == 0
    assert [one.result() for one in asked] == ["a", "b", "c"]
    assert [record.id for record in Dataset.open(tmp_path).records] == ["a", "b", "c"]
    Writer(tmp_path).close()


def test_after_the_disk_refused_nothing_more_is_written(tmp_path):
    saving = Saving(Writer(tmp_path, leave_free_bytes=1 << 60), pytest.fail)
    first, second = (saving.submit(add(name)) for name in "ab")
    assert isinstance(first.exception(10), StorageError)
    assert second.exception(10) is first.exception() is saving.failure
    saving.close(10.0)
    assert Dataset.open(tmp_path).records == ()


def test_who_knows_that_the_disk_is_full_ends_it(tmp_path):
    saving = Saving(Writer(tmp_path), pytest.fail)
    saving.fail(StorageError("full"))
    assert "full" in str(saving.submit(add("a")).exception(10))
    saving.close(10.0)
