"""Weights in one file, to carry to a machine without network: a tar whose first member lists the sha256 of the rest."""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deep_perception.durable_files import aside, put_in_place, written_aside
from deep_perception.errors import WeightsError
from deep_perception.models.files import CHUNK, in_words, sha256_of
from deep_perception.models.store import NamedWeights, Store, arrived_as, note_arrival

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_LIMIT = 1 << 20
# What the store itself would write, and nothing that a shell, a path or the store's own notes could take for more.
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.(pth|pt|safetensors)")


@dataclass(frozen=True)
class _Entry:
    name: str
    size: int
    sha256: str


def pack(store: Store, weights: Iterable[NamedWeights], archive: Path) -> list[str]:
    """Write cached weights, verified, into one file; return the names of the files in it."""
    paths = {path.name: path for path in (store.require(each, consent=False) for each in weights if not each.packaged)}
    if not paths:
        raise WeightsError("nothing to pack: give weights that are fetched, not ones that come with the package")
    entries = [_Entry(name, path.stat().st_size, sha256_of(path)) for name, path in paths.items()]
    manifest = json.dumps({"format": FORMAT, "files": [vars(entry) for entry in entries]}, indent=1).encode()
    with in_words(f"cannot write '{archive}'"), written_aside(archive) as part, tarfile.open(part, "w:") as tar:
        _add(tar, MANIFEST, len(manifest), io.BytesIO(manifest))
        for entry in entries:
            with open(paths[entry.name], "rb") as file:
                _add(tar, entry.name, entry.size, file)
    return list(paths)


def unpack(store: Store, archive: Path) -> list[str]:
    """Put the weights of an archive into the store, all or none; return the names of the files."""
    with in_words(f"cannot unpack '{archive}'"):
        try:
            with tarfile.open(archive, "r:") as tar:
                members = _checked_members(tar, archive.stat().st_size)
                store.folder.mkdir(parents=True, exist_ok=True)
                _extract(store, tar, members)
        except (tarfile.TarError, EOFError) as err:
            raise WeightsError(f"'{archive}' is not a whole archive of `deep_perception weights pack` ({err})") from err
        except WeightsError as err:
            raise WeightsError(f"'{archive}' is refused, nothing was unpacked: {err}") from err
    return [entry.name for _, entry in members]


def _add(tar: tarfile.TarFile, name: str, size: int, file: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, file)


def _checked_members(tar: tarfile.TarFile, archive_size: int) -> list[tuple[tarfile.TarInfo, _Entry]]:
    """Compare all that is in the archive with its manifest before a single byte is written."""
    members = tar.getmembers()
    if not members or members[0].name != MANIFEST:
        raise WeightsError(f"its first member is not {MANIFEST}. Make it with `deep_perception weights pack`")
    for member in members:
        if not member.isreg() or member.issparse():
            raise WeightsError(f"'{member.name}' is not a regular file")
    if sum(member.size for member in members) > archive_size:
        raise WeightsError("its members claim to be larger than the archive itself")
    expected = {entry.name: entry for entry in _read_manifest(tar, members[0])}
    got = [member.name for member in members[1:]]
    if sorted(got) != sorted(expected):
        raise WeightsError(f"got the files {', '.join(got) or 'none'}, expected {', '.join(expected) or 'some'}")
    return [(member, expected[member.name]) for member in members[1:]]


def _read_manifest(tar: tarfile.TarFile, member: tarfile.TarInfo) -> list[_Entry]:
    file = tar.extractfile(member)
    if file is None or member.size > MANIFEST_LIMIT:
        raise WeightsError(f"{MANIFEST} has {member.size} bytes, expected at most {MANIFEST_LIMIT}")
    try:
        content = json.loads(file.read())
        if content["format"] != FORMAT:
            raise WeightsError(
                f"got format {content['format']}, expected {FORMAT}. Use the same version on both machines"
            )
        entries = [_Entry(str(f["name"]), int(f["size"]), str(f["sha256"])) for f in content["files"]]
    except (ValueError, KeyError, TypeError) as err:
        raise WeightsError(f"{MANIFEST} is not readable ({err!r})") from err
    for entry in entries:
        if not FILE_NAME.fullmatch(entry.name):
            raise WeightsError(f"got a file named '{entry.name}', expected a plain name ending in .pth or .safetensors")
    return entries


def _extract(store: Store, tar: tarfile.TarFile, members: list[tuple[tarfile.TarInfo, _Entry]]) -> None:
    with ExitStack() as parts:
        ready = []
        for member, entry in members:
            path = store.folder / entry.name
            if arrived_as(path) not in (None, entry.sha256) and path.exists():
                raise WeightsError(f"{path} is already there with another sha256. Remove it first to have this one")
            part = aside(path)
            parts.callback(part.unlink, missing_ok=True)
            _extract_one(tar, member, entry, part)
            ready.append((part, path, entry.sha256))
        for part, path, digest in ready:
            put_in_place(part, path)
            note_arrival(path, digest)


def _extract_one(tar: tarfile.TarFile, member: tarfile.TarInfo, entry: _Entry, part: Path) -> None:
    digest, source = hashlib.sha256(), tar.extractfile(member)
    assert source is not None  # only regular files come here
    with open(part, "wb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != entry.sha256:
        raise WeightsError(f"'{entry.name}' has sha256 {digest.hexdigest()[:16]}, expected {entry.sha256[:16]}")
