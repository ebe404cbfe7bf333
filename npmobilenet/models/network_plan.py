"""From the paper's rows to a plan: frozen layers with names and shapes.  Everything else reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

from ..ops import checks
from ..shown import Shown
from ..text import names_visible
from .builder import Builder
from .dialect import VERSIONS, Dialect
from .dialects import DIALECTS, dialect_at
from .family import OWN, Family
from .layers import Layer, Shape
from .registry import MODELS, Entry, entry_of, own_entry
from .rows import Row, Table
from .table_file import Written, read, read_file, rows_document, toml_of


@dataclass(frozen=True, kw_only=True)
class Plan(Shown):
    """One network as data: how it was asked for, and its layers in the order they run.

    model        its name: one of MODELS, or any for layers that somebody wrote down
    family       the paper whose networks it is one of
    width        the papers' multiplier alpha of every layer's channels
    resolution   (H, W) of the image in pixels; V1's rho is resolution / 224
    channels     of the image
    classes      of the classifier, 0 without one
    dialect      switches for what the papers leave open, settled for the family
    divisor      what V2 and V3 round scaled channels to a multiple of
    include_top  whether it ends with a classifier
    table        its rows, where no model's name stands for them; else None
    layers       frozen records of names, shapes and strides; no arrays

    A layer is found by its name, plan["stem"].  ValueError where a layer reads what is not there before
    it, or in another shape.
    """

    model: str
    family: Family = OWN
    width: float  # the paper's alpha
    resolution: tuple[int, int]  # (H, W); the paper's rho is resolution / 224
    channels: int
    classes: int
    dialect: Dialect  # settled for the family
    divisor: int
    include_top: bool
    table: Table | None = None  # of rows that no model's name stands for
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """ValueError unless each layer reads what is there before it, in the shapes it says."""
        sizes = self.resolution if isinstance(self.resolution, tuple) else ()
        if len(sizes) != 2 or not all(
            checks.whole(size) and 0 < size <= checks.LARGEST for size in sizes
        ):
            found = checks.shown(self.resolution)
            raise ValueError(
                f"Plan: resolution must be two positive integers below 2^31, found {found}"
            )
        checks.instance("Plan", "model", self.model, str)
        checks.instance("Plan", "family", self.family, Family)
        checks.instance("Plan", "dialect", self.dialect, Dialect)
        checks.number("Plan", "width", self.width, "above 0", lambda width: width > 0)
        checks.flag("Plan", "include_top", self.include_top)
        checks.integer("Plan", "channels", self.channels, 1)
        checks.integer("Plan", "classes", self.classes, 0)
        checks.integer("Plan", "divisor", self.divisor, 1)
        listed = isinstance(self.layers, tuple)
        if not listed or not all(isinstance(layer, Layer) for layer in self.layers):
            raise TypeError(
                f"Plan: layers must be a tuple of layers, found {checks.shown(self.layers)}"
            )
        if not self.layers:
            raise ValueError("Plan: layers must be at least one, found none")
        outputs: dict[str, Shape] = {"image": (*self.resolution, self.channels)}
        for layer in self.layers:
            if layer.name in outputs:
                raise ValueError(f"{self.model}: two layers are named {layer.name!r}")
            if len(layer.inputs) != len(layer.reads):
                raise ValueError(
                    f"{self.model}: {layer.name} has {len(layer.inputs)} inputs, expected "
                    f"{len(layer.reads)}"
                )
            for source, shape in zip(layer.inputs, layer.reads, strict=True):
                if source not in outputs:
                    raise ValueError(f"{self.model}: {layer.name} reads {source!r}, not before it")
                if outputs[source] != shape:
                    raise ValueError(
                        f"{self.model}: {layer.name} expects {shape} from {source}, which is "
                        f"{outputs[source]}{_grouped(shape, outputs[source])}"
                    )
            outputs[layer.name] = layer.output

    def __hash__(self) -> int:
        """Of what was asked for: the layers, more than a hundred records, mostly follow from it."""
        return hash((self.model, self.width, self.resolution, self.classes, self.dialect))

    def __repr__(self) -> str:
        (height, width), name = self.resolution, self.dialect.name
        top = f"{self.classes} classes" if self.include_top else "no top"
        return (
            f"Plan({self.model}, width {self.width:g}, image {height} x {width} x {self.channels}, "
            f"{top}, dialect {name}, {len(self.layers)} layers)"
        )

    @property
    def parameters(self) -> dict[str, Shape]:
        """Name and shape of every trained array: "stem.weight", "blocks.1.depthwise_norm.gamma"."""
        return {f"{x.name}.{a}": shape for x in self.layers for a, shape in x.arrays.items()}

    @property
    def statistics(self) -> dict[str, Shape]:
        """Name and shape of every running estimate: "stem_norm.mean", "stem_norm.variance"."""
        return {f"{x.name}.{a}": shape for x in self.layers for a, shape in x.statistics.items()}

    @property
    def arrays(self) -> dict[str, Shape]:
        """Name and shape of all of them, layer by layer."""
        both = ((x.name, x.arrays | x.statistics) for x in self.layers)
        return {f"{name}.{a}": shape for name, shapes in both for a, shape in shapes.items()}

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def __getitem__(self, name: str) -> Layer:
        """The layer of that name."""
        if not isinstance(name, str) or name not in self._by_name:
            raise KeyError(f"no layer {checks.shown(name)} in {self.model}")
        return self._by_name[name]

    def __contains__(self, item: object) -> bool:
        """Whether it is one of the layers, or the name of one."""
        return item in (self.layers if isinstance(item, Layer) else self._by_name)

    def __iter__(self) -> Iterator[Layer]:
        """The layers, in the order in which they run."""
        return iter(self.layers)

    def __len__(self) -> int:
        """How many layers there are."""
        return len(self.layers)

    @property
    def widest(self) -> int:
        """Numbers of one image that the layer with most of them reads and gives."""
        return max(sum(map(prod, (*layer.reads, layer.output))) for layer in self.layers)

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments that make this plan: `plan(**p.asked) == p`."""
        follows = ("family", "layers", "table")
        asked = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in follows}
        if self.table is not None:
            asked |= {"rows": self.table, "like": self.family.like}
        return asked

    def summary(self, *, layers: bool = False) -> str:
        """A Keras-like table of the blocks, or of every layer: type, output shape, parameters."""
        return self.drawn(layers=layers)


def _grouped(expected: Shape, found: Shape) -> str:
    return (
        checks.as_grouped(expected[-1], found[-1], "GroupedConv")
        if expected[:-1] == found[:-1]
        else ""
    )


def check_plan(plan: Plan) -> None:
    """TypeError unless it is one: a model's name is not."""
    if not isinstance(plan, Plan):
        raise TypeError(f"plan must be what npmobilenet.plan returns, found {type(plan).__name__}")


def _entry(
    model: str | Path, rows: Table | Sequence[Row] | Mapping[str, Any] | None, like: str
) -> tuple[str, Entry, Written | None]:
    """What a network is called, what is known of it, and what its table says besides, if it has one."""
    if not isinstance(like, str) or like not in ("", *VERSIONS):
        known, found = ", ".join(VERSIONS), checks.shown(like)
        raise ValueError(f"plan: like must be one of {known}, found {found}")
    if not isinstance(model, str | Path):
        return "", entry_of(model), None  # which refuses it
    name, said = str(model), None
    if rows is not None:
        document = rows_document(rows) | ({"like": like} if like else {})
        said = read(document, name)
    elif isinstance(model, Path) or (isinstance(model, str) and model.endswith(".toml")):
        said = read_file(model)
    if said is None:
        return name, entry_of(name if isinstance(model, Path) else model), None
    return said.name, own_entry(said), said


@names_visible
def plan(
    model: str | Path = "own",
    *,
    width: float | None = None,
    resolution: int | tuple[int, int] | None = None,
    classes: int | None = None,
    channels: int = 3,
    dialect: str | Dialect | None = None,
    divisor: int | None = None,
    include_top: bool = True,
    rows: Table | Sequence[Row] | Mapping[str, Any] | None = None,
    like: str = "",
) -> Plan:
    """The layers of a model with names and shapes, and no arrays.

    model        one of MODELS: "v1" (arXiv:1704.04861, Table 1), "v2" (arXiv:1801.04381, Table 2),
                 "v3-large", "v3-small" (arXiv:1905.02244, Tables 1 and 2), these "-minimalistic",
                 "v4-conv-small", "-medium", "-large" (arXiv:2404.10518), "v1-shallow" and "v1-full"
                 (V1's Tables 5 and 4), or one that was registered; or the TOML file of a network of
                 your own; with rows, what it is called
    width        the papers' multiplier alpha of every layer's channels, above 0 and at most 16
    resolution   (H, W) of the image in pixels, or one number for both; None: what the dialect is made
                 for, mostly 224
    classes      of the classifier; None: the dialect's, mostly 1000
    channels     of the image
    dialect      one of DIALECTS, or a `Dialect`: how a framework reads what the papers leave open
    divisor      what V2 and V3 round scaled channels to a multiple of
    include_top  False: it ends with the last convolution's map (H, W, C), without a classifier
    rows         the rows of your own network, a whole `Table`, or the dict that such a file is
    like         "v1" to "v4", whose dialects' switches settle those rows; "": as they look

    What a file says holds where an argument is None, width is 1.0 and divisor 8 else.

    Returns a `Plan`.  ValueError, naming the argument, for anything that cannot be.
    """
    given = {"width": width, "resolution": resolution, "classes": classes, "channels": channels}
    others = {"dialect": dialect, "divisor": divisor, "include_top": include_top}
    title, entry, said = _entry(model, rows, like)
    try:
        return _made(title, entry, said, **given, **others)  # type: ignore[arg-type]
    except ValueError as error:
        if said and rows is None:
            raise ValueError(f"{model}: {error}") from None
        raise


def _made(
    title: str,
    entry: Entry,
    said: Written | None,
    *,
    width: float | None,
    resolution: int | tuple[int, int] | None,
    classes: int | None,
    channels: int,
    dialect: str | Dialect | None,
    divisor: int | None,
    include_top: bool,
) -> Plan:
    """The plan of an entry; what its table says holds where an argument is None."""
    told = dict(said.settings) if said else {}
    width = told.get("width", 1.0) if width is None else width
    divisor = told.get("divisor", 8) if divisor is None else divisor
    resolution = told.get("resolution") if resolution is None else resolution
    classes = told.get("classes") if classes is None and include_top else classes
    if dialect is None:
        dialect = said.dialect if said else "paper"
    chosen = dialect_at(dialect, entry.family.version)
    size = checks.pair(
        "plan", "resolution", chosen.resolution if resolution is None else resolution
    )
    if not checks.real(width) or not 0 < width <= 16:
        raise ValueError(
            f"plan: width must be a number above 0 and at most 16, found {checks.shown(width)}"
        )
    if not checks.flag("plan", "include_top", include_top):
        if classes not in (None, 0):
            raise ValueError(
                f"plan: without the top there are no classes, found classes={checks.shown(classes)}"
            )
        classes = 0
    elif classes is None:
        classes = chosen.classes
    counts = {"channels": channels, "divisor": divisor} | (
        {"classes": classes} if include_top else {}
    )
    for name, value in counts.items():
        checks.positive("plan", name, value)
    builder = Builder(
        (*size, int(channels)),
        chosen,
        width=float(width),
        divisor=int(divisor),
        classes=int(classes),
        include_top=include_top,
    )
    entry.assembler(builder, entry.table)
    return Plan(
        model=title,
        family=entry.family,
        width=float(width),
        resolution=size,
        channels=int(channels),
        classes=int(classes),
        dialect=chosen,
        divisor=int(divisor),
        include_top=bool(include_top),
        table=entry.table if said and entry.family.name == "own" else None,
        layers=tuple(builder.layers.values()),
    )


def toml_of_plan(plan: Plan) -> str:
    """The TOML file that makes this very plan: `plan(file) == plan`, where it came from rows.

    ValueError for a plan whose layers somebody wrote down.
    """
    table = plan.table or (MODELS[plan.model].table if plan.model in MODELS else None)
    if table is None:
        raise ValueError(f"{plan.model}: its layers come from no table")
    dialect = plan.dialect.name if plan.dialect.name in DIALECTS else "paper"
    usual = dialect_at(dialect, plan.family.version)
    switches = {
        f.name: value
        for f in fields(Dialect)
        if f.name not in ("name", "versions", "classes", "resolution")
        and (value := getattr(plan.dialect, f.name)) != getattr(usual, f.name)
    }
    told: dict[str, Any] = {"name": plan.model, "like": plan.family.version}
    told |= {
        "dialect": dialect,
        "width": plan.width,
        "divisor": plan.divisor,
        "resolution": list(plan.resolution),
    }
    if plan.include_top:
        told["classes"] = plan.classes
    heading = "A network as rows: change them. docs/your-own.md says what each key means."
    return toml_of(table, heading, **told, switches=switches)
