"""Promises of the weights cache, and of the archives that carry it to robots without network."""

import hashlib
import http.server
import io
import json
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deep_perception.errors import ConfigError, WeightsError
from deep_perception.models.archive import pack, unpack
from deep_perception.models.store import NamedWeights, Store

CONTENT = bytes(range(256)) * 8192
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = f"tiny-{SHA256[:8]}.pth"


class Site(http.server.ThreadingHTTPServer):
    """A publisher on this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {f"/{NAME}": CONTENT}
        self.redirects: dict[str, str] = {}
        self.claimed_length: int | None = None
        self.asked: list[str] = []
        self.meeting: threading.Barrier | None = None
        super().__init__(("127.0.0.1", 0), Page)

    def url(self, name: str = NAME) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Page(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.meeting:
            self.server.meeting.wait(120)
        if target := self.server.redirects.get(self.path):
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()
            return
        if self.path not in self.server.files:
            self.send_error(404)
            return
        body = self.server.files[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.claimed_length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture
def store(cache: Path) -> Store:
    return Store()


def named(url: str, sha256: str = SHA256[:8]) -> NamedWeights:
    return NamedWeights("tiny", "V1", url, sha256, ("a", "b"), "BSD-3-Clause")


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_fetched_weights_are_kept_with_the_full_hash_they_arrived_with(site: Site, store: Store) -> None:
    path = store.fetch(named(site.url()))
    assert path.read_bytes() == CONTENT
    assert everything_in(store.folder) == [NAME, f"{NAME}.sha256"]
    assert (store.folder / f"{NAME}.sha256").read_text().split() == [SHA256, NAME]


def test_what_is_here_is_not_fetched_again(site: Site, store: Store) -> None:
    assert (
        store.fetch(named(site.url()))
        == store.fetch(named(site.url()))
        == store.require(named(site.url()), consent=True)
    )
    assert len(site.asked) == 1


def test_progress_tells_bytes_so_far_and_in_all(site: Site, store: Store) -> None:
    seen: list[tuple[int, int | None]] = []
    store.fetch(named(site.url()), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_nothing_is_fetched_without_consent_and_the_error_says_how_to(site: Site, store: Store) -> None:
    with pytest.raises(WeightsError, match=r"weights fetch tiny:V1.*without network.*weights pack.*weights unpack"):
        store.require(named(site.url()), consent=False)
    assert site.asked == []
    assert not store.folder.exists()


def test_consent_fetches(site: Site, store: Store) -> None:
    assert store.require(named(site.url()), consent=True).read_bytes() == CONTENT


def test_a_file_with_a_wrong_hash_is_refused_and_kept_aside(site: Site, store: Store) -> None:
    site.files[f"/{NAME}"] = b"<html>please log in</html>"
    got = hashlib.sha256(site.files[f"/{NAME}"]).hexdigest()
    with pytest.raises(WeightsError, match=rf"got sha256 {got[:16]}, expected {SHA256[:8]}.*refused/{NAME}.{got[:8]}"):
        store.fetch(named(site.url()))
    assert everything_in(store.folder) == [f"refused/{NAME}.{got[:8]}"]


def test_a_download_that_breaks_off_leaves_nothing(site: Site, store: Store) -> None:
    site.claimed_length = len(CONTENT) + 1000
    with pytest.raises(WeightsError, match=rf"broke off after {len(CONTENT)} of {len(CONTENT) + 1000} bytes"):
        store.fetch(named(site.url()))
    assert everything_in(store.folder) == []


def test_a_missing_page_is_told_with_the_way_without_network(site: Site, store: Store) -> None:
    with pytest.raises(WeightsError, match=r"answers 404.*on another machine"):
        store.fetch(named(site.url("other.pth")))


def test_a_dead_server_is_one_clear_line(store: Store) -> None:
    with pytest.raises(
        WeightsError, match=r"cannot fetch http://127\.0\.0\.1:9/.*refused.*on another machine"
    ) as error:
        store.fetch(named("http://127.0.0.1:9/tiny.pth"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("url", ["http://example.org/tiny.pth", "ftp://example.org/tiny.pth"])
def test_only_encrypted_addresses_are_asked(url: str, store: Store) -> None:
    with pytest.raises(ConfigError, match="expected an address that starts with https://"):
        store.fetch(named(url))


@pytest.mark.parametrize("target", ["http://example.org/tiny.pth", "file:///etc/hostname"])
def test_a_redirect_to_an_open_address_is_refused(target: str, site: Site, store: Store) -> None:
    site.redirects[f"/{NAME}"] = target
    with pytest.raises(WeightsError, match="cannot fetch"):
        store.fetch(named(site.url()))
    assert everything_in(store.folder) == []


def test_a_redirect_within_the_rules_is_followed(site: Site, store: Store) -> None:
    site.redirects["/old.pth"] = site.url()
    assert store.fetch(named(site.url("old.pth"))).read_bytes() == CONTENT


def test_a_mirror_takes_the_place_of_the_publisher(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("DEEP_PERCEPTION_MIRROR", mirror.as_uri())
    assert store.fetch(named(f"https://example.org/{NAME}")).read_bytes() == CONTENT


def test_weights_without_a_known_hash_are_not_fetched(site: Site, store: Store) -> None:
    with pytest.raises(WeightsError, match="no sha256 is known"):
        store.fetch(named(site.url(), sha256=""))
    assert site.asked == []


def test_later_damage_is_noticed_and_the_file_set_aside(site: Site, store: Store) -> None:
    weights = named(site.url())
    path = store.fetch(weights)
    path.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(WeightsError, match=rf"are damaged.*expected {SHA256[:16]}.*weights fetch tiny:V1"):
        store.require(weights, consent=True)
    assert not store.has(weights)
    assert store.require(weights, consent=True).read_bytes() == CONTENT


def test_a_file_put_there_by_hand_is_checked_too(store: Store) -> None:
    weights = named(f"https://example.org/{NAME}")
    store.folder.mkdir()
    store.path(weights).write_bytes(b"something else")
    with pytest.raises(WeightsError, match="are damaged"):
        store.require(weights, consent=False)


def test_a_file_of_the_package_is_used_where_it_is(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "our own.safetensors"
    weights = named(file.as_uri(), sha256="")
    with pytest.raises(WeightsError, match="Install the package again"):
        store.require(weights, consent=True)
    file.write_bytes(b"x")
    assert store.require(weights, consent=False) == file
    assert not store.folder.exists()


def test_a_cache_that_cannot_be_written_is_one_clear_line(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(WeightsError, match="Not a directory") as error:
        Store(tmp_path / "file" / "cache").fetch(named(site.url()))
    assert "\n" not in str(error.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_clear_line(site: Site, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def to_full_disk(path: Path) -> Path:
        full = path.with_name(".full.part")
        full.symlink_to("/dev/full")
        return full

    monkeypatch.setattr("deep_perception.durable_files.aside", to_full_disk)
    with pytest.raises(WeightsError, match=r"No space left on device. Free some space"):
        store.fetch(named(site.url()))
    assert everything_in(store.folder) == []


def test_two_processes_may_fetch_the_same_file_at_once(site: Site, store: Store) -> None:
    site.meeting = threading.Barrier(2)  # neither gets a byte before both have found the cache empty
    script = (
        "import sys; from pathlib import Path; from deep_perception.models.store import NamedWeights, Store\n"
        "Store(Path(sys.argv[1])).fetch(NamedWeights('tiny', 'V1', sys.argv[2], sys.argv[3], (), ''))"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(store.folder), site.url(), SHA256[:8]])
    while not site.asked and other.poll() is None:
        time.sleep(0.01)
    store.fetch(named(site.url()))
    assert other.wait(120) == 0
    assert len(site.asked) == 2
    assert everything_in(store.folder) == [NAME, f"{NAME}.sha256"]
    assert store.require(named(site.url()), consent=False).read_bytes() == CONTENT


def test_what_a_killed_process_left_is_swept_after_a_day(
    site: Site, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.folder.mkdir()
    (store.folder / ".old.pth.1-abc.part").write_bytes(b"half")
    store.fetch(named(site.url()))
    assert (store.folder / ".old.pth.1-abc.part").exists(), "it may belong to a process that is at work"
    store.path(named(site.url())).unlink()
    monkeypatch.setattr("deep_perception.models.store.LEFTOVER_AGE_S", -1)
    store.fetch(named(site.url()))
    assert everything_in(store.folder) == [NAME, f"{NAME}.sha256"]


# Archives


def test_weights_travel_in_an_archive(site: Site, store: Store, tmp_path: Path) -> None:
    weights = named(site.url())
    store.fetch(weights)
    assert pack(store, [weights], tmp_path / "weights.tar") == [NAME]
    robot = Store(tmp_path / "robot")
    assert unpack(robot, tmp_path / "weights.tar") == [NAME]
    assert robot.require(weights, consent=False).read_bytes() == CONTENT
    assert everything_in(robot.folder) == [NAME, f"{NAME}.sha256"]
    assert unpack(robot, tmp_path / "weights.tar") == [NAME], "a second time is fine"


def test_packing_what_is_not_here_leaves_no_archive(store: Store, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="weights fetch tiny:V1"):
        pack(store, [named("https://example.org/tiny.pth")], tmp_path / "weights.tar")
    assert everything_in(tmp_path) == []


Members = list[tuple[tarfile.TarInfo, bytes]]


def member(
    name: str, content: bytes = CONTENT, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


def manifest(*names: str, sha256: str = SHA256, version: int = 1) -> tuple[tarfile.TarInfo, bytes]:
    files = [{"name": name, "size": len(CONTENT), "sha256": sha256} for name in names]
    return member("manifest.json", json.dumps({"format": version, "files": files}).encode())


HOSTILE: dict[str, Callable[[], Members]] = {
    "absolute path": lambda: [manifest("/tmp/x.pth"), member("/tmp/x.pth")],
    "parent folder": lambda: [manifest("../x.pth"), member("../x.pth")],
    "hidden parent": lambda: [manifest("a/../../x.pth"), member("a/../../x.pth")],
    "a note of the store": lambda: [manifest("x.pth.sha256"), member("x.pth.sha256")],
    "symbolic link": lambda: [manifest("x.pth"), member("x.pth", b"", tarfile.SYMTYPE, "/etc/passwd")],
    "hard link": lambda: [manifest("x.pth"), member("x.pth", b"", tarfile.LNKTYPE, "/etc/passwd")],
    "device": lambda: [manifest("x.pth"), member("x.pth", b"", tarfile.CHRTYPE)],
    "folder": lambda: [manifest("x.pth"), member("x.pth", b"", tarfile.DIRTYPE)],
    "the same name twice": lambda: [manifest("x.pth"), member("x.pth"), member("x.pth")],
    "not in the manifest": lambda: [manifest("x.pth"), member("x.pth"), member("y.pth")],
    "missing": lambda: [manifest("x.pth", "y.pth"), member("x.pth")],
    "wrong hash": lambda: [manifest("x.pth", sha256="0" * 64), member("x.pth")],
    "no manifest": lambda: [member("x.pth")],
    "manifest of another kind": lambda: [member("manifest.json", b"[1, 2]"), member("x.pth")],
    "manifest of a later format": lambda: [manifest("x.pth", version=2), member("x.pth")],
    "empty": list,
}


def write_archive(path: Path, members: Members) -> None:
    with tarfile.open(path, "w:") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content) if content else None)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_before_anything_is_written(kind: str, tmp_path: Path) -> None:
    box = tmp_path / "box"
    write_archive(tmp_path / "weights.tar", HOSTILE[kind]())
    with pytest.raises(WeightsError) as error:
        unpack(Store(box / "cache"), tmp_path / "weights.tar")
    assert "\n" not in str(error.value)
    assert not box.exists() or everything_in(box) == []
    assert everything_in(tmp_path) == ["weights.tar"]


def test_one_wrong_hash_refuses_the_whole_archive(store: Store, tmp_path: Path) -> None:
    broken = [manifest("x.pth", "y.pth"), member("x.pth"), member("y.pth", b"?" * len(CONTENT))]
    write_archive(tmp_path / "weights.tar", broken)
    with pytest.raises(WeightsError, match=r"nothing was unpacked: 'y.pth' has sha256"):
        unpack(store, tmp_path / "weights.tar")
    assert everything_in(store.folder) == []


def test_a_member_larger_than_the_archive_is_refused(store: Store, tmp_path: Path) -> None:
    info, _ = member("x.pth")
    info.size = 1 << 50
    start, content = manifest("x.pth")
    padding = b"\0" * (-len(content) % 512)
    (tmp_path / "weights.tar").write_bytes(
        start.tobuf() + content + padding + info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 2048
    )
    with pytest.raises(WeightsError):
        unpack(store, tmp_path / "weights.tar")
    assert everything_in(tmp_path) == ["weights.tar"]


@pytest.mark.parametrize("length", [0, 100, 700, 5000, -600])
def test_a_cut_archive_is_refused(length: int, store: Store, tmp_path: Path) -> None:
    write_archive(tmp_path / "whole.tar", [manifest("x.pth"), member("x.pth")])
    data = (tmp_path / "whole.tar").read_bytes()[: 512 * 3 + len(CONTENT)]
    (tmp_path / "weights.tar").write_bytes(data[:length])
    with pytest.raises(WeightsError):
        unpack(store, tmp_path / "weights.tar")
    assert not store.folder.exists()


def test_a_missing_archive_is_one_clear_line(store: Store, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot unpack .*No such file"):
        unpack(store, tmp_path / "none.tar")


def test_an_archive_does_not_replace_other_weights_of_that_name(site: Site, store: Store, tmp_path: Path) -> None:
    path = store.fetch(named(site.url()))
    other = hashlib.sha256(b"other").hexdigest()
    write_archive(tmp_path / "weights.tar", [manifest(NAME, sha256=other), member(NAME, b"other")])
    with pytest.raises(WeightsError, match="already there with another sha256"):
        unpack(store, tmp_path / "weights.tar")
    assert path.read_bytes() == CONTENT
