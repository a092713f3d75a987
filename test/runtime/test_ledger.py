"""The ledger keeps what ran when, and the way back."""

import pytest

from deep_perception.errors import StorageError
from deep_perception.runtime.ledger import PROMOTED, ROLLED_BACK, Entry, Ledger, Running


def running(name: str, **more) -> Running:
    return Running("lenet5", f"/data/{name}.safetensors", f"lenet5 {name}", 1, **more)


def swapped(before: str, after: str, action: str = PROMOTED, node: str = "/detector") -> Entry:
    return Entry(node, action, running(before, classes=("mug", "cat")), running(after), verdict="better by 0.1")


def test_what_is_written_is_read_back_by_node(tmp_path):
    ledger = Ledger(tmp_path / "deep" / "ledger.jsonl")
    assert ledger.entries() == []
    written = [swapped("a", "b"), swapped("x", "y", node="/other")]
    for entry in written:
        ledger.append(entry)
    assert Ledger(ledger.path).entries() == written
    assert ledger.entries("/other") == written[1:]


def test_each_way_back_undoes_one_promotion_latest_first(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    first, second = swapped("a", "b"), swapped("b", "c")
    for entry in (first, second):
        ledger.append(entry)
    assert ledger.to_undo("/detector") == second
    ledger.append(swapped("c", "b", ROLLED_BACK))
    assert ledger.to_undo("/detector") == first
    ledger.append(swapped("b", "a", ROLLED_BACK))
    assert ledger.to_undo("/detector") is None
    ledger.append(swapped("a", "d"))
    assert ledger.to_undo("/detector").after.method == "lenet5 d"


def test_a_line_torn_by_a_power_cut_costs_only_itself(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(swapped("a", "b"))
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + whole[: len(whole) // 2])
    ledger.append(swapped("b", "c"))
    assert [entry.after.method for entry in ledger.entries()] == ["lenet5 b", "lenet5 c"]


def test_a_ledger_that_cannot_be_written_is_an_error_in_words(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="--ledger"):
        Ledger(tmp_path / "file" / "ledger.jsonl").append(swapped("a", "b"))
