"""A model whose classes have hostile names, through every verb that shows them."""

from __future__ import annotations

import csv
import gzip
import html.parser
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..forked import Case, Told, each
from ..workplace import network, picture
from .hostile import harm

MARKS = ("script", "style", "img", "iframe", "a", "link", "object")


def idx(folder: Path, count: int) -> Path:
    """MNIST's test files: one image of each class."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (count, 28, 28), np.uint8)
    labels = np.arange(count) % min(count, 256)
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz", "wb") as file:
        file.write(struct.pack(">IIII", 2051, count, 28, 28) + pixels.tobytes())
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz", "wb") as file:
        file.write(struct.pack(">II", 2049, count) + labels.astype(np.uint8).tobytes())
    return folder


class _Tags(html.parser.HTMLParser):
    """How many of which tags a page has, and its JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.kind, self.data = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.kind = dict(attrs).get("type") or "" if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self.kind == "application/json":
            self.data += data


def cases(place: Path, classes: tuple[str, ...]) -> Iterator[Case]:
    """The verbs."""
    common = ("--weights", "m.safetensors")
    picture_file, data = "x.png", "idx"

    def case(*words: str) -> Case:
        return Case(words, folder=place, timeout=120)

    yield case("predict", picture_file, *common, "--top", "300")
    yield case("evaluate", data, *common)
    yield case("evaluate", data, *common, "--json")
    yield case("predict", picture_file, *common, "--top", "300", "--json")
    yield case("predict", picture_file, *common, "--top", "300", "--picture", "p.png")
    yield case("evaluate", data, *common, "--mistakes", "mi.png", "--count", "200")
    yield case("explore", *common, "-o", "e.html", "--no-time")
    yield case("explore", *common, "-o", "e2.html", "--no-time", "--json", "--label", classes[7])
    yield case("explore", *common, "-o", "e3.html", "--no-time", "--label", "no\x1b[31m")
    for kind, name in (("onnx", "o.onnx"), ("keras", "k.h5"),
                       ("tflite", "l.tflite")):  # fmt: skip
        yield case("export", "m.safetensors", "--to", kind, "--force", "--output", name, "--json")
    yield case(
        "quantize", "m.safetensors", "--calibrate", "imgs", "-o", "q.safetensors", "--layers"
    )
    yield case("memory", "m.safetensors")
    yield case("cost", "m.safetensors", "--json")
    yield case("vectors", "m.safetensors", "-o", "vec")
    yield case("evaluate", "imgs", *common)
    yield case("evaluate", "imgs", *common, "--some")


def small(place: Path, classes: tuple[str, ...]) -> Iterator[Case]:
    """Confusion matrices have names for at most 40 classes: so many at a time."""
    for start in range(0, len(classes), 38):
        part = classes[start : start + 38]
        weights = f"s{start}.safetensors"
        network(place / weights, part)
        idx(place / f"idx{start}", len(part))
        yield Case(
            ("evaluate", f"idx{start}", "--weights", weights, "--confusion", f"c{start}.png"),
            folder=place,
            timeout=120,
        )


def tried(place: Path, classes: tuple[str, ...]) -> tuple[int, list[str]]:
    """How many runs, and what went wrong."""
    network(place / "m.safetensors", classes)
    network(place / "plain.safetensors", tuple(f"c{k}" for k in range(len(classes))))
    idx(place / "idx", len(classes))
    (place / "x.png").write_bytes(picture(1))
    (place / "imgs" / "no\x1b[31m").mkdir(parents=True)
    (place / "imgs" / "no\x1b[31m" / "0.png").write_bytes(picture(1))
    listed = [*cases(place, classes), *small(place, classes)]
    bad = []
    for case, told in each(listed):
        if wrong := judged(case, told, classes, place):
            bad.append(f"classes: {case}: {wrong}"[:700])
    return len(listed), bad


def judged(case: Case, told: Told, classes: tuple[str, ...], place: Path) -> str:
    """What is wrong with a run; "" where nothing is."""
    try:
        out, err = told.out.decode(), told.err.decode()
    except UnicodeDecodeError as error:
        return str(error)
    fails = {"no\x1b[31m", "imgs"} & set(case.words[1:]) and case.words[0] != "quantize"
    if told.code not in ((1,) if fails else (0,)) or "Traceback" in err:
        return f"ended with {told.code}: {err[-300:]!r}"
    if found := harm(out) or harm(err):
        return f"wrote {found}"
    if max(map(len, (out + err).split("\n")), default=0) > 12_000:
        return "wrote a line longer than anybody reads"
    if told.code:
        return "" if err.count("\n") == 1 else f"wrote {err!r:.300}"
    return _names(case, out, classes)


def _names(case: Case, out: str, classes: tuple[str, ...]) -> str:
    """JSON has the true names; what is printed tells them apart."""
    if "--json" in case.words:
        document = json.loads(out)
        if case.words[0] == "predict":
            found = {one["class"] for one in document[0]["predictions"]}
            return "" if found == set(classes) else "JSON has other names"
        if case.words[0] == "evaluate":
            found = (
                {one["class"] for one in document["per_class"]}
                if "per_class" in document
                else found_in(document)
            )
            return "" if set(classes) <= found else "JSON has other names"
    elif case.words[0] == "predict":
        shown = [line[10:].split("█")[0].strip() for line in out.split("\n") if "%  " in line]
        if len(set(shown)) < len(classes) - 4:  # two that differ in spaces alone at their ends
            return f"{len(classes)} names are shown as {len(set(shown))}"
    return ""


def found_in(value: object) -> set[str]:
    """All texts of a document."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set(value) | {x for inner in value.values() for x in found_in(inner)}
    return {x for inner in value for x in found_in(inner)} if isinstance(value, list) else set()


def pages(place: Path, classes: tuple[str, ...]) -> Iterator[str]:
    """The explorer's page, beside that of harmless names."""
    from npmobilenet.explorer import made
    from npmobilenet.weights import load

    plain = _tags(made(load(place / "plain.safetensors"), time=False).text)
    for name in ("e.html", "e2.html"):
        if not (place / name).exists():
            continue
        text = (place / name).read_text(encoding="utf-8")
        if found := harm(text):
            yield f"{name} has {found}"
        here = _tags(text)
        if here.counts != plain.counts:
            yield f"{name} has other tags than a harmless page: {here.counts}"
        if len(set(_classes(json.loads(here.data)))) != len(classes):
            yield f"{name}: its names are not told apart"
        if found := next(filter(None, map(harm, found_in(json.loads(here.data)))), ""):
            yield f"{name} is told {found}"


def _classes(document: object) -> list[str]:
    """What the page is told of classes, wherever that stands."""
    if not isinstance(document, dict):
        return []
    if isinstance(document.get("classes"), list):
        return list(document["classes"])
    return next(filter(None, map(_classes, document.values())), [])


def _tags(text: str) -> _Tags:
    parser = _Tags()
    parser.feed(text)
    return parser


def notebook(place: Path, classes: tuple[str, ...]) -> Iterator[str]:
    """What a prompt and a notebook show of a prediction."""
    from npmobilenet.weights import load

    found = load(place / "m.safetensors")(str(place / "x.png"), top=len(classes))
    for what, text in (("repr", repr(found)), ("html", found._repr_html_()), ("str", str(found))):
        if bad := harm(text):
            yield f"{what} of a prediction has {bad}"
    tags = _tags(found._repr_html_())
    if set(tags.counts) - {"table", "thead", "tbody", "tr", "th", "td", "pre", "caption"}:
        yield f"html of a prediction has the tags {tags.counts}"
    for row in csv.reader(io.StringIO(_csv(classes))):
        if row[0][:1] in "=+@\t\r" and len(row[0]) > 1:
            yield f"CSV has the formula {row[0]!r}"


def _csv(classes: tuple[str, ...]) -> str:
    from npmobilenet.tables import csv_text

    return csv_text(("class", ">images"), [(name, 1) for name in classes])
