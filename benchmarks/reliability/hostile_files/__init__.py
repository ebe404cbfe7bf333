"""Files made to do harm: refused in a line, or inert, before memory is taken."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ..hazard import Found, Hazard, NotHere, Size

MEMORY = 300  # megabytes above an honest file's, beside twice the file on the disk
SECONDS = 60.0
LINES = 30  # of a refusal that lays names side by side; any other has one
TINY = 5  # kinds of the test: those that are made in no time
COSTLY = ("GB", "TB", "million", "MB", "members", "thousandfold", "50,000", "20,000", "100,000")


def prove(size: Size) -> Found:
    """Each kind, read in a process of its own."""
    try:
        from . import archives, hdf5, native, others, pickles
        from .kinds import MADE, Kind
    except ImportError as error:
        raise NotHere(
            f"{error}: hostile files are made by the packages of the extra `test`"
        ) from None
    del archives, hdf5, native, others, pickles
    from ..forked import Case, each, warm

    listed: list[Kind] = MADE
    if size == "tiny":
        listed = [k for k in MADE if not any(word in k.name for word in COSTLY)][::25][:TINY]
    elif size == "quick":
        listed = [k for k in MADE if "GB" not in k.name or "TB" in k.name]
    else:
        warm()
    bad: list[str] = []
    most, slowest, refused = 0, 0.0, 0
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folder = Path(name)
        base = {} if size == "tiny" else _honest(folder)

        def cases() -> Iterator[Case]:
            for k, one in enumerate(listed):
                place = folder / str(k)
                act = _reading(one.reader, one.written(place))
                yield Case((str(k),), folder=place, timeout=SECONDS, act=act)

        for case, told in each(list(cases())):  # made before any is timed
            one = listed[int(case.words[0])]
            refused += told.code != 0
            limit = (
                base.get(one.reader, told.peak)
                + 2 * _bytes(folder / case.words[0]) // 2**20
                + MEMORY
            )
            most, slowest = (
                max(most, told.peak - base.get(one.reader, 0)),
                max(slowest, told.seconds),
            )
            for reason in _wrong(one, told, folder / case.words[0]):
                bad.append(f"{one.name}: {reason}")
            if told.peak > limit:
                bad.append(f"{one.name}: {told.peak:,} MB, of {limit:,} at most")
    figures = {"refused": refused, "inert": len(listed) - refused, "slowest": f"{slowest:.1f} s"}
    if base:
        figures["most memory beyond an honest file's"] = f"{most} MB"
    return Found(len(listed), tuple(bad), figures)


def _wrong(one: object, told: object, folder: Path) -> Iterator[str]:
    """What must not happen and did."""
    from ..forked import Told
    from .kinds import CANARY, Kind

    assert isinstance(one, Kind)
    assert isinstance(told, Told)
    said = told.err.decode(errors="replace").strip()
    if "Traceback" in said:
        yield f"a traceback: {said.splitlines()[-1][:120]}"
    elif told.code not in (0, 1, 2):
        yield f"ended with {told.code} after {told.seconds:.0f} s: {said[-120:]!r}"
    elif told.code == 0 and not one.inert:
        yield "taken"
    elif told.code and not 0 < len(said.splitlines()) <= LINES:
        yield f"refused in {len(said.splitlines())} lines"
    if len(said) > 4000:
        yield f"refused in {len(said):,} characters"
    if set(said) & set(map(chr, (*range(9), *range(11, 32), 127))):
        yield "control characters are shown"
    if list(folder.rglob(f"*{CANARY}*")):
        yield "code of the file was run, or a file written"


def _bytes(folder: Path) -> int:
    """Bytes on the disk: a hole in a file is none."""
    return sum(
        512 * p.lstat().st_blocks for p in folder.rglob("*") if p.is_file() and not p.is_symlink()
    )


def _reading(reader: str, path: Path) -> Callable[[], int]:
    """The act of a case: read it as a user would, and say in a line where that is refused."""

    def act() -> int:
        import sys

        from npmobilenet.cli import main
        from npmobilenet.datasets.arrays import IdxImages
        from npmobilenet.datasets.paddle_lists import ListImages
        from npmobilenet.names import read_class_names
        from npmobilenet.training.documents import read_document
        from npmobilenet.vectors.document import read_manifest

        functions: dict[str, Callable[[Path], object]] = {
            "idx": IdxImages, "lists": lambda path: ListImages(path).image(0), "names": read_class_names,
            "config": read_document, "vectors": read_manifest,
        }  # fmt: skip
        if reader == "grows":
            from .others import grow

            grow(path)
        if reader in functions:
            try:
                functions[reader](path)
            except (ValueError, OSError) as error:
                print(error, file=sys.stderr)
                return 1
            return 0
        words = {
            "own": ["predict", "chelsea", "--weights", str(path)],
            "table": ["summary", str(path)],
            "grows": ["summary", str(path)],
            "onnx": ["cost", str(path)],
            "image": ["predict", str(path), "--weights", "flowers"],
            "hub": [
                "weights",
                "import",
                str(path),
                "--from",
                "timm",
                "--output",
                "out.safetensors",
            ],
        }
        usual = ["weights", "import", str(path), "--from", reader, "--output", "out.safetensors"]
        return main(words.get(reader, usual))

    return act


def _honest(folder: Path) -> dict[str, int]:
    """Reader -> megabytes that an honest file takes with it."""
    from ..forked import Case, each
    from ..weights.originals import FAMILIES, original

    found: dict[str, int] = {}
    cases: list[Case] = []
    (folder / "honest").mkdir()
    for ending, reader in {**FAMILIES, "native": "own"}.items():
        made = original(ending, folder)
        path = folder / "honest" / f"x{ending if ending != 'native' else '.safetensors'}"
        path.write_bytes(made.content)
        cases.append(Case((reader,), folder=folder, timeout=120, act=_reading(reader, path)))
    for case, told in each(cases):
        if told.code:
            raise RuntimeError(f"an honest file of {case.words[0]}: {told.err.decode()[-300:]}")
        found[case.words[0]] = max(found.get(case.words[0], 0), told.peak)
    least = min(found.values())
    others = (
        "idx",
        "lists",
        "names",
        "config",
        "vectors",
        "table",
        "onnx",
        "hub",
        "grows",
        "image",
    )
    return found | dict.fromkeys(others, least)


HAZARD = Hazard(
    "hostile files",
    "refused in a line, or inert, before memory is taken: sizes are compared with plan and file; at most "
    "twice the honest size and 300 MB, no hang, no code run, nothing read outside",
    prove,
)
