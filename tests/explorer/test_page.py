"""The page as a file: which scripts, in which order, under which policy, and what no name can break."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.explorer import joining, made, write
from npmobilenet.explorer.joining import FOLDER, ORDER, STYLES
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.text import displayed

NAMES = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "",
    "{{script}} {{data}}",
    "ö" * 300,
    "\u202eright to left\u2066 \u05e9\u05dc\u05d5\u05dd",
    "line\nbreak \u2028 \0",
    "\udce9 half of a pair",
]


class Read(HTMLParser):
    """What a browser finds: each element's tag and attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open in self.inside:
            self.inside[self.open][-1] += data

    @property
    def data(self) -> Any:
        return json.loads(self.inside["script"][0])


def tiny(classes: tuple[str, ...] = ("a", "b"), **options: Any) -> nm.Model:
    """A network that fits a page many times."""
    settings: dict[str, Any] = {"width": 0.1, "resolution": 16, "dialect": "cifar"}
    plan = nm.plan("v1", **settings | {"classes": len(classes)} | options)
    how = Preprocessing.imagenet(plan.resolution)
    return nm.Model(plan, nm.init(plan, 0), classes, how)


@pytest.fixture(scope="module")
def page() -> str:
    return made(tiny(tuple(NAMES)), time=False, title="</title>").text


def test_order_has_every_script_once() -> None:
    files = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*.*")}
    assert sorted([*ORDER, *STYLES, "page.html"]) == sorted(files)
    assert ORDER[-1] == "frame/start.js"


@pytest.mark.parametrize("name", [*ORDER, *STYLES, "page.html"])
def test_files_can_stand_in_a_page(name: str) -> None:
    """Nothing ends the element they stand in, makes elements of text, or asks another place."""
    text = joining.read(name)
    forbidden = r"</(script|style)|<!--|innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b"
    addresses = r"https?://(?!www\.w3\.org/)|\bfetch\(|XMLHttpRequest|@import|url\("
    if name != "page.html":
        assert not re.search(forbidden, text)
    assert not re.search(addresses, text)
    assert not re.search(r"\son\w+=|\sstyle=", text)
    assert len(text.splitlines()) < 300


def test_one_script_one_style_and_a_policy_of_their_texts(page: str) -> None:
    read = Read(page)
    data, code = read.inside["script"]
    (style,) = read.inside["style"]
    assert [attrs.get("type") for tag, attrs in read.elements if tag == "script"] == [
        "application/json",
        None,
    ]
    (policy,) = (a["content"] for tag, a in read.elements if a.get("http-equiv"))
    assert policy == (
        f"default-src 'none'; img-src data: blob:; script-src '{joining.digest(code)}'; "
        f"style-src '{joining.digest(style)}'; base-uri 'none'; form-action 'none'"
    )
    assert code.lstrip().startswith('"use strict";')
    assert [name in code for name in ORDER] == [True] * len(ORDER)
    assert not any("style" in attrs for _, attrs in read.elements)
    links = [a.get("href") or a.get("src") for _, a in read.elements if {"href", "src"} & {*a}]
    assert links == ["data:,"]
    assert data.isascii()
    assert "<" not in data


def test_names_of_classes_are_text(page: str) -> None:
    read = Read(page)
    assert read.data["model"]["classes"] == list(map(displayed, NAMES))  # nothing turns or hides
    assert read.inside["title"] == ["</title> · npmobilenet explorer"]
    assert read.data["model"]["title"] == "</title>"


def test_a_thousand_and_one_classes() -> None:
    classes = tuple(f"kind {k}" for k in range(1001))
    found = Read(made(tiny(classes), time=False).text).data
    assert found["model"]["classes"] == list(classes)
    said = found["remarks"][0][0]
    assert said.endswith("nothing but its 1,001 classes: it can only choose among them.")


def test_json_has_no_nan() -> None:
    assert joining.json_in_html({"a": "</x>"}) == '{"a":"\\u003c/x>"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        joining.json_in_html([float("nan")])


def test_without_javascript_the_cost_and_why(page: str) -> None:
    counted = nm.cost(tiny(tuple(NAMES)).plan)
    (shown,) = re.findall("<noscript>(.*)</noscript>", page, re.DOTALL)
    assert "JavaScript" in shown
    for layer in counted.layers:
        assert f"<tr><td>{layer.name}</td><td>{layer.type}</td>" in shown
    assert f"<td>{counted.macs:,}</td><td>{counted.params.trainable:,}</td>" in shown


def test_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "é.html"
    write(file, "é\n")
    assert file.read_bytes() == "é\n".encode()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"é.html: cannot be written \(No space left on device\)"):
        write(file, "another")
    assert [*tmp_path.iterdir()] == [file]
    assert file.read_bytes() == "é\n".encode()


def test_the_public_function(tmp_path: Path) -> None:
    model = tiny(("cat", "dog"))
    nm.save(model, tmp_path / "pets.safetensors")
    read = Read(nm.explore(tmp_path / "pets.safetensors", "ankle-boot", label="dog", time=False))
    assert read.data["model"]["title"] == "pets"
    assert read.data["label"] == 1
    assert read.data["image"]["name"] == "ankle-boot"
    for wrong, sentence in (
        (
            {"label": "bird"},
            "label must be a class of the model or its number, 0 to 1, found 'bird'",
        ),
        ({"label": 2}, "label must be a class of the model or its number, 0 to 1, found 2"),
        ({"precision": "half"}, "precision must be one of auto, float16, float32, found 'half'"),
        ({"image": 7}, "an image must be a path"),
        ({"image": tmp_path}, "a folder, not an image file"),
    ):
        with pytest.raises(ValueError, match=sentence):
            nm.explore(model, **{"time": False} | wrong)
    with pytest.raises(ValueError, match="model must be a Model, a name or a file, found int"):
        nm.explore(5)  # type: ignore[arg-type]
