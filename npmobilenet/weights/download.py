"""One file from the network to the disk, and nothing but that file.

What has arrived lies beside the target as NAME.part until it is complete and checked; the next attempt
asks the server for the rest alone (HTTP's Range).  Checked is what the caller knows, and what some
servers say about their own files.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Progress = Callable[[int, int | None], None]  # (bytes here, bytes in all, where known)

_PATIENCE = 30  # seconds without a byte
_CHUNK = 1 << 16


class DownloadError(OSError):
    """A file that could not be fetched, or is not what it should be; the message says which."""


def needed(module: str) -> Any:
    """A module of the extra `download`; DownloadError where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise DownloadError(
            f'downloading needs {module}, which is not installed: pip install "npmobilenet[download]"'
        ) from None


def fault(path: Path, checksums: Iterable[str], mebibytes: float | None = None) -> str | None:
    """What is wrong with a file, or None.

    checksums: "sha256:b0353104" or "md5:..."; the first digits are enough.  mebibytes: its size in
    units of 2^20 bytes, rounded to three decimals.
    """
    size = path.stat().st_size
    if mebibytes is not None and round(size / 2**20, 3) != mebibytes:
        return f"has {size:,} bytes, {mebibytes} MiB were expected"
    for checksum in checksums:
        algorithm, _, digits = checksum.partition(":")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if not found.startswith(digits):
            return f"has the {algorithm.upper()} {found[: len(digits)]}, {digits} was expected"
    return None


def download(
    url: str,
    path: Path,
    *,
    checksums: tuple[str, ...] = (),
    mebibytes: float | None = None,
    progress: Progress | None = None,
) -> None:
    """Fetch `url` to `path`, going on from a part that an earlier attempt left.

    checksums and mebibytes as in `fault`; a file that fails them is deleted.  DownloadError for that,
    for a refusal of the server, and for a connection that fails: then the part is kept.
    """
    requests = needed("requests")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        promised = _fetch(requests, url, part, progress or (lambda here, total: None))
    except requests.RequestException as error:
        raise DownloadError(f"{url}: {_reason(requests, error, url, part)}") from None
    if found := fault(part, (*checksums, *promised), mebibytes):
        part.unlink()
        raise DownloadError(f"{url}: the file {found}; it was deleted")
    part.replace(path)


def _fetch(requests: Any, url: str, part: Path, progress: Progress) -> tuple[str, ...]:
    """Complete `part`; the checksums that the server promises."""
    here = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"}  # unpacked bytes: those that are counted and checked
    if here:
        headers["Range"] = f"bytes={here}-"
    with requests.get(url, headers=headers, stream=True, timeout=_PATIENCE) as answer:
        starts = answer.headers.get("Content-Range", "").startswith(f"bytes {here}-")
        if here and (answer.status_code == 416 or (answer.status_code == 206 and not starts)):
            part.unlink()  # it does not fit the server's file
            return _fetch(requests, url, part, progress)
        answer.raise_for_status()
        resumed = here > 0 and answer.status_code == 206
        here = here if resumed else 0  # 200 is the file from its beginning
        length = answer.headers.get("Content-Length")
        total = here + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):  # raises where the body ends too early
                here += file.write(chunk)
                progress(here, total)
        return tuple(c for one in (*answer.history, answer) for c in _promised(one.headers))


def _promised(headers: Any) -> list[str]:
    """What the Hugging Face hub (SHA-256) and Google's storage (MD5) say about a file they send."""
    found = []
    linked = headers.get("X-Linked-Etag", "").strip('"')
    if len(linked) == 64:  # a shorter one is git's hash of a small file
        found.append(f"sha256:{linked}")
    for item in headers.get("x-goog-hash", "").split(","):
        algorithm, _, digest = item.strip().partition("=")
        if algorithm == "md5":
            found.append(f"md5:{base64.b64decode(digest).hex()}")
    return found


def _reason(requests: Any, error: Any, url: str, part: Path) -> str:
    """Why a request failed, in words for people."""
    host = urlsplit(url).hostname
    if isinstance(error, requests.HTTPError):
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.SSLError):
        reason = f"the certificate of {host} is not trusted"
    elif isinstance(error, requests.Timeout):
        reason = f"no answer from {host} within {_PATIENCE} s"
    elif isinstance(error, requests.exceptions.ChunkedEncodingError):
        reason = "the connection broke"
    elif isinstance(error, requests.ConnectionError):
        reason = f"no connection to {host}"
    else:
        reason = str(error)
    if part.is_file():
        reason += f"; {part.stat().st_size:,} bytes are here, the next attempt goes on from there"
    return reason
