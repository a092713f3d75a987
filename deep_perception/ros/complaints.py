"""What goes wrong with the pictures of a camera: counted every time, said once."""

from typing import Any

from deep_perception.runtime.health import Health


class Complaints:
    """Of one camera."""

    def __init__(self, logger: Any, topic: str, health: Health) -> None:
        self._logger, self._topic, self._health = logger, topic, health
        self._said: set[str] = set()

    def drop(self, reason: str, explanation: str, count: int = 1) -> None:
        """Count pictures that nobody works on."""
        self._health.dropped(reason, count)
        self._explain(reason, explanation)

    def ignore(self, reason: str, explanation: str, count: int = 1) -> None:
        """Count what was told about pictures and could not be used."""
        self._health.ignored(reason, count)
        self._explain(reason, explanation)

    def once(self, news: str) -> bool:
        """Tell whether this is said for the first time."""
        known = news in self._said
        self._said.add(news)
        return not known

    def _explain(self, reason: str, explanation: str) -> None:
        self._health.failed(explanation)
        if self.once(reason):
            self._logger.warning(f"{self._topic}: {explanation}. Said once; diagnostics keep the count")
