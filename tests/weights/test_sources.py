"""Fetching a weight file from a server in this process: nothing here touches the internet."""

import base64
import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from npmobilenet.weights import download, sources
from npmobilenet.weights.sources import DownloadError, get

pytest.importorskip("requests")

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MIB = round(len(CONTENT) / 2**20, 3)
NAME = "torchvision/mobilenet_v3_small.v1"
FILE = "torchvision/mobilenet_v3_small-047dcff4.pth"


@dataclass
class Server:
    """What the server does, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    status: int = 0  # another answer than the file
    cut: int | None = None  # bytes of the body after which the connection breaks
    ranges: bool = True
    redirects: bool = False  # to /elsewhere, with `headers` on the redirection alone
    off_by: int = 0  # answers with another range than asked for
    headers: dict[str, str] = field(default_factory=dict)
    tag: str = '"first"'  # of the version of the file that is there
    asked: list[str] = field(default_factory=list)  # path and Range of every request


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.asked.append(f"{self.path} {wanted}".strip())
            if state.status:
                self.send_error(state.status)
            elif state.redirects and not self.path.startswith("/elsewhere"):
                self.answer(302, {**state.headers, "Location": f"/elsewhere{self.path}"}, b"")
            elif wanted and state.ranges and self.headers.get("If-Range") == state.tag:
                self.answer_part(int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) + state.off_by)
            else:
                self.answer(200, {} if state.redirects else state.headers, state.content)

        def answer_part(self, start: int) -> None:
            size = len(state.content)
            if start < size:
                told = {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
                self.answer(206, told, state.content[start:])
            else:
                self.send_error(416)

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            told = {"ETag": state.tag, **headers, "Content-Length": str(len(body))}
            for name, value in told.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: state.cut])

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME is published with CONTENT's first digits and size; no proxy stands before the server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    publish(monkeypatch, checksum=f"sha256:{SHA256[:8]}", mebibytes=MIB, sha256=SHA256)


def publish(monkeypatch: pytest.MonkeyPatch, **facts: object) -> None:
    changed = replace(sources.SOURCES[NAME], **facts)
    monkeypatch.setitem(sources.SOURCES, NAME, changed)


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    path = get(NAME, tmp_path, base_url=server.url)
    assert path == tmp_path / FILE
    assert path.read_bytes() == CONTENT
    assert get(NAME, str(tmp_path), base_url=server.url) == path
    assert server.asked == [f"/{FILE}"]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_damaged_file_in_the_folder_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    for damaged in (CONTENT[:-1] + b"?", CONTENT[:-5000], b""):
        (tmp_path / FILE).write_bytes(damaged)
        assert get(NAME, tmp_path, base_url=server.url).read_bytes() == CONTENT
    assert len(server.asked) == 3


def test_an_interrupted_download_goes_on_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.cut = 200_000
    with pytest.raises(DownloadError, match=r"the connection broke; [\d,]+ bytes are here"):
        get(NAME, tmp_path, base_url=server.url)
    arrived = (tmp_path / f"{FILE}.part").read_bytes()
    assert 100_000 < len(arrived) <= 200_000  # of the last piece perhaps nothing
    assert CONTENT.startswith(arrived)
    assert not (tmp_path / FILE).exists()
    server.cut, server.redirects = None, True  # the request for the rest survives a redirection
    assert get(NAME, tmp_path, base_url=server.url).read_bytes() == CONTENT
    rest = f"{FILE} bytes={len(arrived)}-"
    assert server.asked == [f"/{FILE}", f"/{rest}", f"/elsewhere/{rest}"]
    assert not (tmp_path / f"{FILE}.part").exists()


def test_a_server_without_ranges_sends_all_of_it(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    part(server, tmp_path, CONTENT[:1000])
    assert get(NAME, tmp_path, base_url=server.url).read_bytes() == CONTENT


@pytest.mark.parametrize("here", [len(CONTENT), len(CONTENT) + 10])
def test_a_part_as_long_as_the_file_is_fetched_anew(
    server: Server, tmp_path: Path, here: int
) -> None:
    part(server, tmp_path, bytes(here))
    assert get(NAME, tmp_path, base_url=server.url).read_bytes() == CONTENT
    assert server.asked == [f"/{FILE} bytes={here}-", f"/{FILE}"]


def test_a_range_that_was_not_asked_for_is_not_appended(server: Server, tmp_path: Path) -> None:
    server.off_by = -100
    part(server, tmp_path, CONTENT[:1000])
    assert get(NAME, tmp_path, base_url=server.url).read_bytes() == CONTENT
    assert server.asked == [f"/{FILE} bytes=1000-", f"/{FILE}"]


def part(server: Server, folder: Path, content: bytes, tag: str = '"first"') -> None:
    """As an earlier attempt would have left it, of a version."""
    (folder / FILE).parent.mkdir()
    (folder / f"{FILE}.part").write_bytes(content)
    said = {"url": f"{server.url}/{FILE}", "validator": tag}
    (folder / f"{FILE}.part.json").write_text(json.dumps(said))


def test_progress_counts_to_the_end(server: Server, tmp_path: Path) -> None:
    part(server, tmp_path, CONTENT[:1000])
    seen: list[tuple[int, int | None]] = []
    get(
        NAME, tmp_path, progress=lambda here, total: seen.append((here, total)), base_url=server.url
    )
    assert seen[0][0] > 1000
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def refused(server: Server, folder: Path, words: str) -> str:
    """The message of a `get` that leaves nothing behind, not even a part."""
    with pytest.raises(DownloadError, match=words) as caught:
        get(NAME, folder, base_url=server.url)
    assert [p for p in folder.rglob("*") if p.is_file()] == []
    return str(caught.value)


def test_another_content_is_refused(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"?"
    refused(server, tmp_path, f"the file has the SHA256 [0-9a-f]{{64}}, {SHA256} was expected")


def test_another_size_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, mebibytes=MIB + 0.001)
    refused(server, tmp_path, "the file has 300,000 bytes, 0.287 MiB were expected")


MD5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()


@pytest.mark.parametrize(
    ("redirects", "header", "right", "wrong"),
    [
        (True, "X-Linked-Etag", f'"{SHA256}"', f'"{"0" * 64}"'),
        (False, "x-goog-hash", f"crc32c=AAAAAA==, md5={MD5}", f"md5={'A' * 22}==,crc32c=AAAAAA=="),
    ],
    ids=["hub", "storage"],
)
def test_what_the_server_says_about_its_file_is_checked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    redirects: bool, header: str, right: str, wrong: str,
) -> None:  # fmt: skip
    publish(monkeypatch, checksum=None, mebibytes=None, sha256=None)
    monkeypatch.setattr(download, "strange", lambda path: None)
    server.redirects, server.headers = redirects, {header: wrong}
    refused(server, tmp_path, "the file has the (SHA256|MD5) .* was expected; it was deleted")
    server.headers = {header: right}
    assert get(NAME, tmp_path, base_url=server.url).read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "words"), [(404, "Not Found"), (503, "Service Unavailable")])
def test_a_refusal_of_the_server(server: Server, tmp_path: Path, status: int, words: str) -> None:
    server.status = status
    message = refused(server, tmp_path, f"the server answers {status} {words}")
    assert f"{server.url}/{FILE}: " in message


def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"no connection to 127\.0\.0\.1") as caught:
        get(NAME, tmp_path, base_url="http://127.0.0.1:1/")
    first, *rest = str(caught.value).splitlines()
    assert first == f"http://127.0.0.1:1/{FILE}: no connection to 127.0.0.1"
    assert rest == [
        f"With a file fetched in another way: save it as {tmp_path / FILE}, or",
        "npmobilenet weights import FILE --from torchvision --output OUT.safetensors",
    ]


def test_an_address_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="Invalid URL"):
        get(NAME, tmp_path, base_url="nowhere")


@pytest.mark.parametrize("module", ["requests", "platformdirs"])
def test_without_the_extra_it_names_it(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(download, "_fetch", None)  # it does not come so far
    monkeypatch.delenv("NPMOBILENET_WEIGHTS", raising=False)
    with pytest.raises(DownloadError, match=rf"needs {module}.*\"npmobilenet\[download\]\""):
        get(NAME, "/nonexistent" if module == "requests" else None)


def test_the_folder_is_the_users_cache_or_the_chosen_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("platformdirs")
    monkeypatch.setenv("NPMOBILENET_WEIGHTS", str(tmp_path / "chosen"))
    assert sources.weights_folder() == tmp_path / "chosen"
    monkeypatch.delenv("NPMOBILENET_WEIGHTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert sources.weights_folder() == tmp_path / "npmobilenet" / "weights"
    assert sources.weights_folder().parts[-1] == "weights"
