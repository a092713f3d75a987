"""A node's place among others: its name, its cameras, its settings, and which topics carry its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Source:
    """Where a camera's pictures come from; empty: as the node's parameters say."""

    image: str = ""
    transport: str = ""


@dataclass(frozen=True)
class Post:
    """As it stands, that of a node alone."""

    name: str = "perception"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What is written about this node."""
    common: Mapping[str, Any] = field(default_factory=dict)
    """What was given to all nodes of the process."""
    known: tuple[str, ...] = ()
    """Parameters of the process, which mean nothing to the node."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """By the camera's name."""
    below: frozenset[str] = frozenset()
    """Topics that others of the process have as well: they are put below the node's name."""

    def settled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what holds: what the node alone was given, then what is written about it, then what is common."""
        own = {name: value for name, value in given.items() if name not in self.common or value != self.common[name]}
        return {**self.common, **self.settings, **own}

    def topic(self, prefix: str, topic: str) -> str:
        """Return where a topic is; `prefix` is that of its camera."""
        return f"{prefix}{self.name}/{topic}" if topic in self.below else f"{prefix}{topic}"
