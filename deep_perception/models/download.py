"""Fetching one file over https."""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from deep_perception.errors import WeightsError
from deep_perception.models.files import CHUNK

TIMEOUT_S = 30

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes so far and, when known, the bytes in all."""


def allowed(url: str) -> bool:
    """Tell whether nobody between the publisher and this machine can change what is read there."""
    parts = urllib.parse.urlsplit(url)
    at_home = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme in ("https", "file") or (parts.scheme == "http" and at_home)


def download(url: str, path: Path, progress: Progress | None = None) -> None:
    """Write what is at `url` into `path`; raise WeightsError unless all of it came."""
    try:
        with urllib.request.build_opener(_Redirects).open(url, timeout=TIMEOUT_S) as answer:
            length = answer.headers.get("Content-Length")
            _copy(answer, path, int(length) if length else None, progress)
    except urllib.error.HTTPError as err:
        raise WeightsError(f"cannot fetch {url}: the server answers {err.code} {err.reason}") from err
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as err:
        raise WeightsError(f"cannot fetch {url}: {getattr(err, 'reason', None) or err or 'no answer'}") from err


def _copy(answer: IO[bytes], path: Path, total: int | None, progress: Progress | None) -> None:
    done = 0
    with open(path, "wb") as file:
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            if progress:
                progress(done, total)
    if total is not None and done != total:
        raise http.client.HTTPException(f"it broke off after {done} of {total} bytes")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if newurl.startswith("file:") or not allowed(newurl):
            raise urllib.error.URLError(f"it redirects to {newurl}, expected https://")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
