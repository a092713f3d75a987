"""The state of each camera's stream as standard diagnostics."""

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from deep_perception.runtime.health import Snapshot

MOSTLY_LOST = 0.5


def status(name: str, snapshot: Snapshot, facts: dict[str, str], *, active: bool, silent: bool) -> DiagnosticStatus:
    """Sum a stream up as OK, WARN (pictures get lost, or fail) or STALE (nothing arrives)."""
    level, message = _verdict(snapshot, active=active, silent=silent)
    values = {
        "rate (Hz)": f"{snapshot.rate_hz:.2f}",
        "age p50 (ms)": f"{snapshot.age_p50_ms:.1f}",
        "age p95 (ms)": f"{snapshot.age_p95_ms:.1f}",
        "answered": str(snapshot.answered),
        "dropped": str(sum(snapshot.dropped.values())),
        **{f"dropped: {reason}": str(count) for reason, count in sorted(snapshot.dropped.items())},
        **{f"ignored: {reason}": str(count) for reason, count in sorted(snapshot.ignored.items())},
        "lost on the way (%)": f"{100 * snapshot.lost_share:.0f}",
        **facts,
        "last error": snapshot.last_error,
    }
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticStatus(level=level, name=name, hardware_id=facts.get("device", ""), message=message, values=pairs)


def _verdict(snapshot: Snapshot, *, active: bool, silent: bool) -> tuple[bytes, str]:
    if not active:
        return DiagnosticStatus.OK, "not active"
    if silent:
        return DiagnosticStatus.STALE, "no pictures"
    if snapshot.lost_share > MOSTLY_LOST:
        return DiagnosticStatus.WARN, "most pictures get lost on the way"
    if snapshot.rate_hz == 0 and snapshot.last_error:
        return DiagnosticStatus.ERROR, snapshot.last_error
    return DiagnosticStatus.OK, f"{snapshot.rate_hz:.1f} Hz, {snapshot.age_p95_ms:.0f} ms old at most (p95)"
