"""Decides, look by look, what is kept of one camera's stream."""

from collections import deque
from collections.abc import Iterator
from itertools import chain

from deep_perception.data.sampling import policies
from deep_perception.data.sampling.budgets import too_soon
from deep_perception.data.sampling.collection import Collection, shown
from deep_perception.data.sampling.findings import Finding, findings
from deep_perception.data.sampling.look import Look, Reason, Room, Verdict
from deep_perception.data.sampling.ring import SECOND, Ring

NEIGHBOURS_S = 1.0
"""Answers further apart than this are no neighbours, so nothing flickers between them."""

STAMPS = 10_000
"""How many of the last kept stamps are remembered, so that nothing is kept twice."""


class Sampler:
    """Finds what is worth keeping of a stream. Looks are told apart and timed by their stamps.

    `now_ns`, where it is asked for, is a steady clock: budgets go by it.
    """

    def __init__(self, collection: Collection) -> None:
        """Cameras that collect into one data set share what was collected."""
        self._collection = collection
        self._ring = Ring()
        self._stamps: deque[int] = deque(maxlen=STAMPS)
        self._answered: deque[tuple[Look, tuple[Finding, ...]]] = deque(maxlen=3)
        self._newest: Look | None = None
        self._kept_ns: int | None = None
        self._kept_position: policies.Position | None = None
        self._examined_ns: int | None = None

    def consider(self, look: Look, now_ns: int, room: Room) -> tuple[Verdict, ...]:
        """Judge a look, and with it an earlier one that turns out to matter; in order of time."""
        if self._newest is not None and look.stamp_ns < self._newest.stamp_ns:
            self._begin_anew(look)
        self._newest = look
        self._collection.tally.seen += 1
        config = self._collection.config
        self._ring.add(
            look, seconds=config.before_s, rate_hz=config.before_rate_hz, most_bytes=config.before_mb * 1_000_000
        )
        found = findings(look.prediction, look.names)
        return (*self._flickered(look, found, now_ns, room), self._due(look, found, now_ns, room))

    def trigger(self, words: str, now_ns: int, room: Room) -> tuple[Verdict, ...]:
        """Keep the newest look, as `demand` does, and the seconds before it; in order of time."""
        if self._newest is None:
            return ()
        verdicts = [self.demand(self._newest, words, now_ns, room)]
        before = (Reason("before", f"just before: {words}", 1.0),)
        held = [look for look in self._ring.take() if look is not self._newest]
        # The nearest in time first, should the budget not do for all.
        verdicts += [self._judged(look, before, self._collection.flaws(look), now_ns, room) for look in held[::-1]]
        return tuple(verdicts[::-1])

    def demand(self, look: Look, words: str, now_ns: int, room: Room) -> Verdict:
        """Keep this look, which is refused only by a budget, or because it was kept before."""
        return self._judged(look, (Reason("asked", words, 1.0),), iter(()), now_ns, room)

    def _begin_anew(self, look: Look) -> None:
        """Forget the stream where time went back; what is due after some time is due that long from here."""
        self._ring.take()
        self._answered.clear()
        self._kept_ns = self._examined_ns = look.stamp_ns

    def _due(self, look: Look, found: tuple[Finding, ...], now_ns: int, room: Room) -> Verdict:
        reasons = tuple(reason for reason in self._wishes(look, found) if reason is not None)
        gap = too_soon(_seconds(self._kept_ns, look), self._collection.config.least_gap_s)
        return self._judged(look, reasons, self._collection.flaws(look, gap), now_ns, room)

    def _wishes(self, look: Look, found: tuple[Finding, ...]) -> Iterator[Reason | None]:
        config, kept = self._collection.config, self._collection.kept
        yield policies.after_seconds(_seconds(self._kept_ns, look), config.every_s)
        yield policies.after_metres(look.position, self._kept_position, config.every_m)
        yield policies.uncertain(found, config.uncertain_low, config.uncertain_high)
        yield policies.rare(kept.rarest(shown(look)), kept, config.rare_share)
        if look.prediction is not None and look.other is not None:
            others = findings(look.other, look.other_names)
            yield policies.disagreeing(found, others, look.names, look.other_names, config.disagreement)
        yield self._new(look)

    def _new(self, look: Look) -> Reason | None:
        config, novelty = self._collection.config, self._collection.novelty
        since = _seconds(self._examined_ns, look)
        if novelty is None or (since is not None and since < config.novelty_every_s):
            return None
        self._examined_ns = look.stamp_ns
        return novelty.wants(look.image, config.novelty_threshold)

    def _flickered(self, look: Look, found: tuple[Finding, ...], now_ns: int, room: Room) -> Iterator[Verdict]:
        """Judge the answer before this one, if a thing is missing in it alone."""
        if look.prediction is None:
            return
        self._answered.append((look, found))
        if not self._collection.config.flicker or len(self._answered) < 3:
            return
        (first, before), (middle, between), _ = self._answered
        apart = max(middle.stamp_ns - first.stamp_ns, look.stamp_ns - middle.stamp_ns)
        reason = policies.flickered(before, between, found)
        if reason is not None and apart <= NEIGHBOURS_S * SECOND:
            yield self._judged(middle, (reason,), self._collection.flaws(middle), now_ns, room)

    def _judged(
        self, look: Look, reasons: tuple[Reason, ...], flaws: Iterator[Reason | None], now_ns: int, room: Room
    ) -> Verdict:
        # A recording that is played again brings back its stamps.
        again = Reason("kept", "it was kept before") if look.stamp_ns in self._stamps else None
        verdict = self._collection.judged(look, reasons, chain([again], flaws), now_ns, room)
        if verdict.keep:
            self._stamps.append(look.stamp_ns)
            self._kept_ns = max(look.stamp_ns, look.stamp_ns if self._kept_ns is None else self._kept_ns)
            self._kept_position = look.position or self._kept_position
        return verdict


def _seconds(earlier_ns: int | None, look: Look) -> float | None:
    return None if earlier_ns is None else (look.stamp_ns - earlier_ns) / SECOND
