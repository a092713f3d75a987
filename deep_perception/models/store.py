"""Published weights: where they come from and where they are kept.

A file is trusted for its sha256 alone. What was seen when it arrived is written beside it (`<file>.sha256`), so that
damage done later is noticed before the weights are used.
"""

import contextlib
import logging
import os
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deep_perception.durable_files import written_aside
from deep_perception.errors import ConfigError, WeightsError
from deep_perception.models.download import Progress, allowed, download
from deep_perception.models.files import in_words, sha256_of

CACHE_VARIABLE = "DEEP_PERCEPTION_CACHE"
"""Folder of the cache, in place of ~/.cache/deep_perception."""
MIRROR_VARIABLE = "DEEP_PERCEPTION_MIRROR"
"""https:// or file:// folder to fetch every file from, in place of its publisher."""
LEFTOVER_AGE_S = 24 * 3600

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NamedWeights:
    """Weights that somebody published, or that come with the package (a file:// address)."""

    model: str
    name: str
    url: str
    sha256: str
    """All 64 digits, or the leading ones that the publisher gives; empty: unknown."""
    labels: tuple[str, ...]
    licence: str
    backbone_only: bool = False
    """Whether they are a classifier's, to start another network's training from; nothing is found with them yet."""
    scale: int = 0
    """How many times larger they make a picture; 0: at every scale of the network, or it makes none."""
    metrics: Mapping[str, object] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """The name by which a user asks for them."""
        return f"{self.model}:{self.name}"

    @property
    def file_name(self) -> str:
        """Name of the file in the cache."""
        return urllib.parse.unquote(urllib.parse.urlsplit(self.url).path).rsplit("/", 1)[-1]

    @property
    def packaged(self) -> Path | None:
        """The file itself, when it comes with the package."""
        parts = urllib.parse.urlsplit(self.url)
        return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == "file" else None


class Store:
    """The cache of weights in one folder, which several processes may share."""

    def __init__(self, folder: Path | None = None) -> None:
        chosen = folder or os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "deep_perception"
        self.folder = Path(chosen).expanduser()

    def path(self, weights: NamedWeights) -> Path:
        """Return where these weights are, or would be."""
        return weights.packaged or self.folder / weights.file_name

    def has(self, weights: NamedWeights) -> bool:
        """Tell whether the file is here; `verified` also looks into it."""
        return self.path(weights).is_file()

    def require(self, weights: NamedWeights, consent: bool) -> Path:
        """Return the verified file; fetch it with the user's consent, else say how to."""
        if self.has(weights):
            return self.verified(weights)
        if weights.packaged:
            raise WeightsError(f"{weights.full_name}: {weights.packaged} is missing. Install the package again")
        if consent:
            return self.fetch(weights)
        raise WeightsError(
            f"no weights cached for {weights.full_name} (looked for {self.path(weights)}). {_remedy(weights)}"
        )

    def verified(self, weights: NamedWeights) -> Path:
        """Return the file that is here if it is what was published and what arrived; a damaged one is set aside."""
        path = self.path(weights)
        got = sha256_of(path)
        if weights.packaged:
            return _as_packaged(weights, path, got)
        expected = arrived_as(path) or weights.sha256
        if not (got.startswith(expected) and got.startswith(weights.sha256)):
            kept = self.set_aside(path, path.name, got)
            raise WeightsError(
                f"cached weights of {weights.full_name} are damaged: got sha256 {got[:16]}, "
                f"expected {expected[:16]}; kept aside as {kept}. {_remedy(weights)}"
            )
        note_arrival(path, got)
        return path

    def fetch(self, weights: NamedWeights, progress: Progress | None = None) -> Path:
        """Download a file that is not here yet. Two processes may do so at once: each brings its own, whole."""
        if self.has(weights):
            return self.verified(weights)
        url = _source(weights)
        path = self.path(weights)
        with in_words(f"cannot keep {path}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            with written_aside(path) as part:
                try:
                    download(url, part, progress)
                except WeightsError as err:
                    raise WeightsError(f"{err}. Without network: {_by_hand(weights)}") from err
                got = sha256_of(part)
                if not got.startswith(weights.sha256):
                    raise WeightsError(self._refusal(part, url, weights, got))
            note_arrival(path, got)
        log.info("fetched %s from %s", path, url)
        return path

    def set_aside(self, path: Path, name: str, digest: str) -> Path:
        """Move a file that must not be used to where somebody can look at it."""
        kept = self.folder / "refused" / f"{name}.{digest[:8]}"
        with in_words(f"cannot move {path} to {kept}"):
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, kept)
            if path == self.folder / name:
                _note(path).unlink(missing_ok=True)
        return kept

    def _refusal(self, part: Path, url: str, weights: NamedWeights, got: str) -> str:
        kept = self.set_aside(part, weights.file_name, got)
        return (
            f"{url}: got sha256 {got[:16]}, expected {weights.sha256[:16]}; refused and kept aside as {kept}. "
            "Look what the network or the mirror sent there, then fetch again"
        )

    def _sweep(self) -> None:
        """Remove what a killed process left behind."""
        for part in self.folder.glob(".*.part"):
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > LEFTOVER_AGE_S:
                    part.unlink()


def arrived_as(path: Path) -> str | None:
    """Return the sha256 that was seen when this file arrived, if that was noted."""
    try:
        return _note(path).read_text(encoding="ascii").split()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        return None


def note_arrival(path: Path, digest: str) -> None:
    """Write the sha256 beside the file."""
    # A cache on a read-only disk is fine: all it lacks is the note for next time.
    with contextlib.suppress(OSError):
        if arrived_as(path) != digest:
            with written_aside(_note(path)) as part:
                part.write_text(f"{digest}  {path.name}\n", encoding="ascii")


def _as_packaged(weights: NamedWeights, path: Path, got: str) -> Path:
    if not got.startswith(weights.sha256):
        found = f"{weights.full_name}: {path} has sha256 {got[:16]}, expected {weights.sha256[:16]}"
        raise WeightsError(f"{found}. Install the package again")
    return path


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _remedy(weights: NamedWeights) -> str:
    return f"Run `deep_perception weights fetch {weights.full_name}`; without network {_by_hand(weights)}"


def _by_hand(weights: NamedWeights) -> str:
    name = weights.full_name
    return (
        f"`weights fetch {name}` and `weights pack {name} -o FILE` on another machine, then `weights unpack FILE` here"
    )


def _source(weights: NamedWeights) -> str:
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    url = f"{mirror.rstrip('/')}/{urllib.parse.quote(weights.file_name)}" if mirror else weights.url
    if not allowed(url):
        where = MIRROR_VARIABLE if mirror else weights.full_name
        raise ConfigError(f"{where}: got {url}, expected an address that starts with https://")
    if not weights.sha256:
        raise WeightsError(f"{weights.full_name}: no sha256 is known for {url}, so it is not fetched")
    return url
