"""What ran when: a line for each model that was put into a node, or taken out again."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from deep_perception.errors import InputError, StorageError

PROMOTED, ROLLED_BACK = "promoted", "rolled back"
PLACE = "deep_perception/ledger.jsonl"


@dataclass(frozen=True)
class Running:
    """What answers in a node: its parameters, and how it names the model itself."""

    model: str
    weights: str
    method: str
    """Name of the network and the beginning of its weights' sha256, as in vision_info."""
    version: int
    """How many models the node has had."""
    labels: str = ""
    scale: int = 0
    classes: tuple[str, ...] = ()
    """Names that the node is told to keep; none: all."""

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Running":
        """Read what `asdict` wrote."""
        return cls(**{**said, "classes": tuple(said["classes"])})


@dataclass(frozen=True)
class Entry:
    """A line of the ledger."""

    node: str
    action: str
    before: Running
    after: Running
    run: str = ""
    """Folder of the training."""
    verdict: str = ""
    """What the proof says."""
    forced: bool = False
    time: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds"))


class Ledger:
    """A file that only grows."""

    def __init__(self, path: Path | None = None) -> None:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        self.path = path or Path(state) / PLACE

    def entries(self, node: str = "") -> list[Entry]:
        """Return what happened, of one node or of all, oldest first."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as err:
            raise InputError(f"{self.path}: the ledger cannot be read ({err}). Name another one with --ledger") from err
        found = [entry for line in lines if (entry := _entry(line)) is not None]
        return [entry for entry in found if node in ("", entry.node)]

    def append(self, entry: Entry) -> None:
        """Write a line, and wait until the disk has it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a+b") as file:
                # A line that a power cut tore must not swallow this one.
                torn = file.tell() > 0 and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n"
                file.write(b"\n" * torn + json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as err:
            raise StorageError(
                f"{self.path}: cannot write the ledger ({err.strerror}). Name another one: --ledger"
            ) from err

    def to_undo(self, node: str) -> Entry | None:
        """Return the last promotion of a node that was not rolled back yet."""
        return last_standing(self.entries(node))


def last_standing(entries: Sequence[Entry]) -> Entry | None:
    """Return the last promotion that no roll-back has undone."""
    standing: list[Entry] = []
    for entry in entries:
        if entry.action == PROMOTED:
            standing.append(entry)
        elif standing:
            standing.pop()
    return standing[-1] if standing else None


def _entry(line: str) -> Entry | None:
    """Read a line; None where a power cut left half of one."""
    try:
        said = json.loads(line)
        return Entry(**{**said, "before": Running.from_json(said["before"]), "after": Running.from_json(said["after"])})
    except (ValueError, TypeError, KeyError):
        return None
