"""Hostile names of files, folders, tables, arrays and outputs; what training leaves on disk."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

from ..forked import Case, Told, each
from ..workplace import TABLE, network, picture
from .hostile import MARKUP, SEQUENCES, TURNING, UNSEEN, harm

ONE = [f"a{c}b" for c in ("\x01", "\t", "\n", "\r", "\x1b", "\x7f", "\x9b", *TURNING, *UNSEEN[::3])]
FILES = [*ONE, *SEQUENCES[:9], *MARKUP, "caf\udce9", "n" * 240]
FILES = [name.replace("/", ":")[:120] for name in FILES if name not in ("..",)]


def tried(place: Path, size: str) -> tuple[int, list[str]]:
    """How many runs, and what went wrong."""
    every = 6 if size == "quick" else 1
    weights = str(network(place / "m.safetensors"))
    listed = [
        *_pictures(place, weights, FILES[::every]),
        *_inputs(place, weights, FILES[:: 2 * every]),
        *_tables(place, [*ONE, *MARKUP, *SEQUENCES][:: 2 * every]),
        *_big(place, weights),
        *_training(place, weights, size),
    ]
    bad = []
    for case, told in each([case for case, _ in listed]):
        codes = next(codes for one, codes in listed if one is case)
        if wrong := _judged(case, told, codes):
            bad.append(f"names: {case}: {wrong}"[:700])
    bad += [f"names: {wrong}" for wrong in _left(place)]
    return len(listed), bad


# what Markdown makes of names that are not escaped
MARKED = {
    "html_block",
    "html_inline",
    "link_open",
    "image",
    "code_inline",
    "strong_open",
    "em_open",
}
Listed = Iterator[tuple[Case, tuple[int, ...]]]


def _pictures(place: Path, weights: str, names: list[str]) -> Listed:
    """Good and damaged images with such names, one by one and in a folder."""
    for kind, content, code in (("good", picture(1), 0), ("bad", b"x", 1)):
        folder = place / kind
        folder.mkdir()
        for name in names:
            (folder / f"{name}.png").write_bytes(content)
        for more in ((), ("--json",)):
            yield Case(("predict", str(folder), "--weights", weights, *more), timeout=120), (code,)
    for name in names[::4]:
        path = str(place / "good" / f"{name}.png")
        yield Case(("predict", path, "--weights", weights, "--json")), (0,)
        yield Case(("predict", f"{path}x", "--weights", weights)), (1,)
        yield (
            Case(("explore", path, "--weights", weights, "--no-time", "-o", str(place / "e.html"))),
            (0,),
        )


def _inputs(place: Path, weights: str, names: list[str]) -> Listed:
    """What is named on the command line and is not there, or is to be written."""
    for name in names:
        path = str(place / name)
        yield Case(("evaluate", path, "--weights", weights)), (1,)
        yield Case(("predict", "ankle-boot", "--weights", path)), (1,)
        yield Case(("cost", f"{path}.toml")), (1,)
        yield Case(("cost", path)), (1, 2)
        yield Case(("summary", "v1", "--graph", f"{path}.mmd")), (0, 1)
        yield (
            Case(
                ("evaluate", path, "--weights", weights, "--class-names", path, "--from", "keras")
            ),
            (1,),
        )
        yield (
            Case(("weights", "import", path, "--from", "keras", "--output", f"{path}.safetensors")),
            (1,),
        )
        yield (
            Case(("export", weights, "--to", "keras", "--force", "--output", f"{path}.h5")),
            (0, 1),
        )
        yield Case(("explore", "--weights", weights, "--no-time", f"--label={name}")), (0, 1)
        yield Case(("train", path, "--output", f"{path}.run")), (1,)
        yield Case(("verify", "--operator", name)), (1, 2)
        yield Case(("recipes", name)), (0, 1, 2)
        yield Case(("exercises", "check", path)), (1, 2)


def _big(place: Path, weights: str) -> Listed:
    """Names of 10 MB: in a list of classes, a table, weights, and a list of images."""
    name = "n" * 10_000_000
    (place / "big.txt").write_text(f"{name}\nother\n")
    (place / "twice.txt").write_text(f"{name}\n{name}\n")
    (place / "big.toml").write_text(f'name = "{name}"\n{TABLE}')
    (place / "like.toml").write_text(TABLE.replace("v4", name))
    (place / "key.toml").write_text(f"{name} = 1\n{TABLE}")
    header = json.dumps({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (place / "big.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    (place / "val_list.txt").write_text(f"{name}.png 0\n")
    for names in ("big.txt", "twice.txt"):
        for family in ("keras", "timm"):
            words = (
                "weights",
                "import",
                weights,
                "--from",
                family,
                "--class-names",
                str(place / names),
            )
            yield Case((*words, "--output", str(place / "o.safetensors"))), (1,)
    for table in ("big.toml", "like.toml", "key.toml"):
        yield Case(("cost", str(place / table))), (1,)
        yield Case(("summary", str(place / table), "--markdown")), (1,)
    for family in ("timm", "torchvision", "paddle"):
        words = ("weights", "import", str(place / "big.safetensors"), "--from", family)
        yield Case((*words, "--output", str(place / "o.safetensors"))), (1,)
    yield Case(("cost", str(place / "big.safetensors"))), (1,)
    yield Case(("evaluate", str(place / "val_list.txt"), "--weights", weights)), (1,)


def _tables(place: Path, names: list[str]) -> Listed:
    """Tables whose name, keys and values are such."""
    for number, name in enumerate(names):
        text = (
            json.dumps(name) if "\x7f" not in name else json.dumps(name).replace("\x7f", "\\u007f")
        )
        if any(0xD800 <= ord(c) < 0xE000 or ord(c) > 0xFFFF for c in name):
            continue
        for kind, table in (
            ("name", f"name = {text}\n{TABLE}"),
            ("key", f"{text} = 1\n{TABLE}"),
            ("like", TABLE.replace('"v4"', text)),
            ("block", TABLE.replace('"separable"', text)),
            ("raw", f"{name}\n{TABLE}"),
        ):
            path = place / f"t{number}-{kind}.toml"
            path.write_text(table, encoding="utf-8")
            yield Case(("cost", str(path))), (0, 1)
            if kind == "name":
                for more in ("--json", "--csv", "--markdown", "--toml"):
                    yield Case(("summary", str(path), more)), (0, 1)


def _training(place: Path, weights: str, size: str) -> Listed:
    """Folders of classes with such names, and the run's folder too."""
    names = FILES[:: 4 if size == "quick" else 1]
    names = [name for name in names if not name.startswith(".")]
    from npmobilenet.names import canonical

    distinct = list({canonical(name): name for name in names}.values())
    root = place / "data"
    for part in ("train", "val"):
        for k, name in enumerate(distinct):
            (root / part / name).mkdir(parents=True)
            (root / part / name / "0.png").write_bytes(picture(k))
    run = place / "run [x](http:e) <b> $x^{$ \x1b[31m"
    yield (
        Case(
            ("train", str(root), "--width", "0.1", "--resolution", "32", "--epochs", "1", "--batch", "8",
             "--output", str(run)), timeout=200, folder=place,
        ), (0,),
    )  # fmt: skip


def _judged(case: Case, told: Told, codes: tuple[int, ...]) -> str:
    try:
        out, err = told.out.decode(), told.err.decode()
    except UnicodeDecodeError as error:
        return str(error)
    if told.code not in codes or "Traceback" in err:
        return f"ended with {told.code}, not {codes}: {err[-300:]!r}"
    if found := harm(out) or harm(err):
        return f"wrote {found}"
    lines = [line for line in err.split("\n") if line]
    single = told.code == 1 and case.words[0] != "predict"
    if single and sum(line.startswith("npmobilenet") for line in lines) != 1:
        return f"ended with 1 and {err[:300]!r}"
    if told.code != 2 and any(
        not x.startswith(("npmobilenet", "note: ", "warning: ")) for x in lines
    ):
        return f"wrote {err[:300]!r}"
    if told.peak > 1000:
        return f"took {told.peak} MB"
    if max(map(len, lines), default=0) > 12_000:
        return "wrote a line longer than anybody reads"
    if "--json" in case.words and told.out:
        document = json.loads(out)
        if case.words[0] == "predict" and Path(case.words[1]).is_file():
            return "" if document[0]["file"] == case.words[1] else "JSON has another name"
    if "--csv" in case.words:
        for row in csv.reader(io.StringIO(out)):
            if any(cell[:1] in ("=", "+", "@") for cell in row):
                return f"CSV has a formula: {row}"
    return ""


def _left(place: Path) -> Iterator[str]:
    """The files of the run."""
    from markdown_it import MarkdownIt

    for run in place.glob("run *"):
        for name in ("log.csv", "log.jsonl", "card.md", "curves.png", "best.safetensors"):
            if not (run / name).exists():
                yield f"{name} was not written"
        for path in run.iterdir():
            text = path.suffix in (".csv", ".jsonl", ".md", ".toml", ".txt", ".json")
            if text and (found := harm(path.read_text(encoding="utf-8"))):
                yield f"{path.name} has {found}"
        parsed = MarkdownIt("commonmark").parse((run / "card.md").read_text(encoding="utf-8"))
        kinds = {token.type for one in parsed for token in (one, *(one.children or ()))}
        if odd := kinds & MARKED:
            yield f"card.md has {odd}"
    if not list(place.glob("run *")):
        yield "there is no run"
