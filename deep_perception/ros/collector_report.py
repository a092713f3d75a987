"""What a collector tells of itself: as diagnostics, and as JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from deep_perception.errors import DeepPerceptionError
from deep_perception.ros import diagnostics
from deep_perception.ros.stream import KEPT_BEFORE

if TYPE_CHECKING:
    from deep_perception.ros.collecting import Collecting
    from deep_perception.ros.collector_camera import CollectorCamera


def status_json(cameras: Sequence["CollectorCamera"], collecting: "Collecting | None", failure: str) -> str:
    """Return one line; what it calls saved is on disk for good. Counts go from the start of the node."""
    return json.dumps(
        {
            "collecting": collecting is not None,
            "seen": sum(camera.counts.seen for camera in cameras),
            "saved": sum(camera.counts.saved for camera in cameras),
            "annotated": sum(camera.counts.annotated for camera in cameras),
            "refused": refused(cameras),
            **(_of_data_set(collecting) if collecting else {}),
            "error": failure,
        }
    )


def refused(cameras: Sequence["CollectorCamera"]) -> Counter[str]:
    """Return how many pictures were refused for which kind of reason."""
    return sum((camera.counts.refused for camera in cameras), Counter())


def saved_words(saved: int, late: int, refused: Counter[str]) -> str:
    """Say what was saved when it was asked for; raise DeepPerceptionError where nothing was."""
    kept_before = refused.pop(KEPT_BEFORE, 0)
    parts = [f"saved {saved} pictures"]
    parts += [f"{late} wait for the disk"] if late else []
    parts += [f"{kept_before} were kept before"] if kept_before else []
    parts += [f"{count} refused: {kind}" for kind, count in refused.items()]
    if len(parts) == 1 and not saved:
        raise DeepPerceptionError("save: no picture has come yet")
    if not saved and not kept_before and not late:
        raise DeepPerceptionError(f"save: {', '.join(parts)}")
    return ", ".join(parts)


def of_camera(name: str, camera: "CollectorCamera") -> DiagnosticStatus:
    """Tell of a camera's stream what is told of one that a model looks at, and what was kept of it."""
    counts = camera.counts
    facts = {
        "seen": str(counts.seen),
        "saved": str(counts.saved),
        "annotated": str(counts.annotated),
        **{f"refused: {kind}": str(count) for kind, count in sorted(counts.refused.items())},
    }
    name = f"{name}: {camera.topic}"
    active, silent = camera.is_listening, camera.is_silent()
    return diagnostics.status(name, camera.health.snapshot(), facts, active=active, silent=silent)


def of_data_set(name: str, collecting: "Collecting | None", failure: str) -> DiagnosticStatus:
    """Tell of the data set; ERROR says why nothing is collected any more."""
    facts: dict[str, Any] = {} if collecting is None else _of_data_set(collecting)
    level, message = DiagnosticStatus.OK, "collecting" if collecting else "stopped"
    if failure:
        level, message = DiagnosticStatus.ERROR, failure
    pairs = [KeyValue(key=key, value=str(value)) for key, value in {**facts, "last error": failure}.items()]
    return DiagnosticStatus(level=level, name=f"{name}: data set", message=message, values=pairs)


def _of_data_set(collecting: "Collecting") -> dict[str, Any]:
    return {
        "dataset": str(collecting.folder),
        "recording": collecting.recording,
        "pictures": collecting.pictures,
        "bytes": collecting.stored,
        "waiting for the disk (bytes)": collecting.saving.waiting,
        **collecting.budget(),
    }
