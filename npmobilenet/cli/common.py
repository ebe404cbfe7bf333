"""What several verbs share: the options that make a plan, and the console."""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from ..models.dialects import DIALECTS
from ..models.plan import MODELS, Plan, plan
from ..tables import WIDTH, csv_text, markdown_text, table

if TYPE_CHECKING:
    from ..weights import Model


class _Console(Console):
    """rich's, but a reader of a pipe who has seen enough is `main`'s business, as are code pages."""

    @property
    def encoding(self) -> str:
        """So that rich draws as it would anywhere; the stream replaces what it lacks."""
        return "utf-8"

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Colours and live progress on a terminal; plain text of a fixed width in a pipe.

    Names of files and classes may have brackets in them: nothing is read as rich's markup.
    """
    plain: dict[str, Any] = {"highlight": False, "markup": False, "force_jupyter": False}
    found = _Console(**plain)
    return found if found.is_terminal else _Console(**plain, width=WIDTH, height=25)


def add_plan_options(parser: argparse.ArgumentParser, *, classes: bool = True) -> None:
    """--width, --divisor, --resolution, --dialect, and of the top --classes and --no-top."""
    parser.add_argument("--width", type=float, default=1.0, help="width multiplier alpha (1.0)")
    parser.add_argument(
        "--divisor", type=int, default=8, help="V2, V3: scaled channels are multiples of this (8)"
    )
    parser.add_argument(
        "--resolution",
        type=resolution_option,
        metavar="PIXELS",
        help="image size, 192 or 192x160 for height x width (the dialect's, mostly 224)",
    )
    if classes:
        parser.add_argument("--classes", type=int, help="number of classes (the dialect's)")
        parser.add_argument("--no-top", action="store_true", help="features only, no classifier")
    parser.add_argument(
        "--dialect", choices=list(DIALECTS), default="paper", help="which family's version (paper)"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """MODEL as the first argument."""
    parser.add_argument("model", choices=list(MODELS), metavar="MODEL", help=", ".join(MODELS))


def resolution_option(text: str) -> tuple[int, int]:
    """ "192" -> (192, 192); "192x160" -> (192, 160)."""
    try:
        sizes = [int(part) for part in text.lower().split("x")]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2) or not 0 < min(sizes) <= max(sizes) < 2**63:
        raise argparse.ArgumentTypeError(f"expected 192 or 192x160, found {text!r}")
    return sizes[0], sizes[-1]


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number, `least` or more, of at most 63 bits."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value < 2**63:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {least}, found {text!r}"
            )
        return value

    return number


def between(low: float, high: float, *, above: bool = False) -> Callable[[str], float]:
    """The type of an option that takes a real number, `low` or more (`above`: more), less than `high`."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value < high or (above and value == low):
            limits = f"{'above' if above else 'at least'} {low:g} and "
            limits += f"below {high:g}" if high < math.inf else "finite"
            raise argparse.ArgumentTypeError(f"expected a number {limits}, found {text!r}")
        return value

    return number


def output_option(text: str) -> Path:
    """The type of an option that takes a file to write: asked before any work, not after it."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        why = "it is a folder" if path.is_dir() else f"there is no folder {str(path.parent)!r}"
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {why}")
    return path


def picture_option(text: str) -> Path:
    """The same for a picture that Pillow writes, whose ending says of which kind it is."""
    from PIL import Image

    path = output_option(text)
    try:
        kind = Image.registered_extensions()[path.suffix.lower()]
        Image.new("RGB", (1, 1)).save(BytesIO(), kind)  # some are only read, some have no colours
    except (KeyError, OSError, ValueError):
        raise _no_picture(text) from None
    return path


def figure_option(text: str) -> Path:
    """The same for a picture that matplotlib draws; where it is missing, whoever draws says so."""
    path = output_option(text)
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except Exception:
        return path
    if path.suffix[1:].lower() not in FigureCanvasBase.get_supported_filetypes():
        raise _no_picture(text)
    return path


def _no_picture(text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"expected the name of a picture as out.png, found {text!r}")


def add_weights(parser: argparse.ArgumentParser) -> None:
    """--weights, and what a file of another framework wants to be told of."""
    from ..weights.families import FAMILIES

    add = parser.add_argument
    add(
        "--weights",
        required=True,
        metavar="FILE",
        help="a run's folder, a file, a shipped name (`npmobilenet models`), or an official one "
        "(`npmobilenet weights list`)",
    )
    add(
        "--from",
        dest="family",
        choices=list(FAMILIES),
        metavar="FAMILY",
        help=f"who wrote FILE, if not npmobilenet: {', '.join(FAMILIES)}; `weights import` has more "
        "options",
    )
    add(
        "--class-names",
        metavar="NAMES",
        help="with --from: names of its classes, one a line or JSON",
    )


def weights_of(options: argparse.Namespace) -> "Model":
    """The model that the options of `add_weights` name; what its file leaves open goes to stderr."""
    from ..names import read_class_names
    from ..training.transfer import find_weights

    names = read_class_names(options.class_names) if options.class_names else None
    found = find_weights(options.weights, options.family or "", names)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    return found.model


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan that the options of `add_model` and `add_plan_options` describe."""
    return plan(
        options.model,
        width=options.width,
        resolution=options.resolution,
        classes=options.classes,
        dialect=options.dialect,
        divisor=options.divisor,
        include_top=not options.no_top,
    )


def compile_kernels(out: Console, network: Plan, engine: str = "compiled") -> None:
    """Take one step of `network` on noise, so that compiling is done, and seen, before the clock runs."""
    from ..kernels import compiling, keeping
    from ..models.params import init
    from ..training.compiled_step import taker
    from ..training.optimizers import Sgd
    from ..training.step import Step

    started, compiled, before = time.perf_counter(), 0, compiling.on_compile
    with out.status("loading the kernels") as status:

        def show(kernel: str) -> None:
            nonlocal compiled
            compiled += 1
            if compiled == 1 and not out.is_terminal:
                out.print("compiling the kernels for this CPU ...")
            status.update(f"compiling kernel {compiled}: {kernel}")

        compiling.on_compile = show
        try:
            rng = np.random.default_rng(0)
            x = rng.random((2, *network.resolution, network.channels), np.float32)
            step = Step.of(network, Sgd())
            take, _ = taker(step, 2, 0, engine)
            take(step.start(init(network, 0)), x, np.array([0, 0]), lr=0.1, rng=rng)
        finally:
            compiling.on_compile = before
    if compiled:
        seconds = time.perf_counter() - started
        out.print(
            f"{compiled} kernels compiled in {seconds:.0f} s; {keeping.place()}", markup=False
        )


@contextmanager
def said_of(weights: str) -> Iterator[None]:
    """Puts the name of the weights before the complaint that their logits are not finite."""
    from ..training.predict import NotFinite

    try:
        yield
    except NotFinite as error:
        raise ValueError(f"{weights}: {error}") from None


def spare(output: Path, source: Path) -> None:
    """ValueError where what is to be written is the file that is read."""
    if output.exists() and source.exists() and output.samefile(source):
        raise ValueError(f"{output}: is the file that is read; give --output another name")


def print_json(document: Any) -> None:
    """One JSON document on standard output; in escapes where its code page lacks a character.

    What is no number (a loss that is NaN) is null, for JSON knows no other word.
    """
    document = _in_json(document)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    print(text)


def _in_json(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _in_json(inner) for key, inner in value.items()}
    return [_in_json(inner) for inner in value] if isinstance(value, list | tuple) else value


def add_formats(parser: argparse.ArgumentParser, *, json: str = "one JSON object") -> None:
    """--json, --csv, --markdown: at most one of them, instead of a drawn table."""
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help=json)
    formats.add_argument("--csv", action="store_true", help="comma-separated values")
    formats.add_argument("--markdown", action="store_true", help="a table for a Markdown page")


def write_table(
    options: argparse.Namespace,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    document: Any = None,
    *,
    title: str | None = None,
    notes: str | None = None,
) -> None:
    """Print one table as the options of `add_formats` say; else draw it.

    columns: names, those of numbers begin with ">".  document: what --json prints; without it a list
    of rows, each an object.  title and notes stand above and below the table, but not in CSV or JSON.
    """
    rows = [tuple(row) for row in rows]
    names = [column.lstrip(">") for column in columns]
    if options.json:
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(listed if document is None else document)
    elif options.csv:
        sys.stdout.write(csv_text(columns, rows))
    elif options.markdown:
        parts = (f"{title}\n" if title else "", markdown_text(columns, rows), notes or "")
        print("\n".join(part.rstrip("\n") + "\n" for part in parts if part), end="")
    else:
        console().print(
            table(columns, rows, title=title), *([notes] if notes else []), sep="\n", markup=False
        )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """What runs the network."""
    parser.add_argument(
        "--engine",
        choices=("compiled", "reference"),
        default="compiled",
        help="the compiled network, or the plain executor that is read first (compiled)",
    )
