"""Which network a file's tensors belong to: the plan whose names and shapes are theirs.

Nothing is guessed from file names.  First the structure: every model and dialect of the family is
laid beside the names.  Then the sizes: channels and classes are read off the stem and the
classifier, and the width is the one whose shapes are all found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..models.dialect import Dialect
from ..models.layers import Shape
from ..models.network_plan import Plan, plan
from ..models.registry import MODELS
from ..ops.checks import Array, shown
from .family import Family, Pairing

# where two widths fit alike the first is taken: the published ones, then every hundredth
PUBLISHED = (1.0, 0.75, 0.5, 0.25, 0.35, 1.25, 1.3, 1.4, 1.5, 2.0)
OTHERS = tuple(k / 100 for k in range(5, 401) if k / 100 not in PUBLISHED)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the caller knows; None is for the tensors to tell."""

    model: str | None = None
    width: float | None = None
    dialect: Dialect | None = None
    divisor: int = 8
    resolution: tuple[int, int] | None = None

    def stated(self) -> dict[str, Any]:
        """What of it narrows the search."""
        named = {"model": self.model, "width": self.width, "dialect": self.dialect}
        return {k: v for k, v in named.items() if v is not None}


@dataclass(frozen=True)
class Attempt:
    """One plan beside a file's tensors."""

    plan: Plan
    pairing: Pairing
    # ours -> (shape expected, shape found), both in our layout
    wrong: dict[str, tuple[Shape, Shape]] = field(default_factory=dict)

    @property
    def problems(self) -> int:
        """How many arrays do not fit."""
        return self.pairing.unmatched + len(self.wrong)


def detect(family: Family, tensors: Mapping[str, Array], asked: Asked) -> Attempt:
    """The plan that fits the tensors best: without problems, if there is one that does."""
    if asked.model not in (None, *MODELS):
        raise ValueError(f"model must be one of {', '.join(MODELS)}, found {shown(asked.model)}")
    attempts: list[Attempt] = []
    refused: list[ValueError] = []
    for top, bias in ((True, False), (False, False), (True, True), (False, True)):
        found = _structures(family, asked, refused, include_top=top, conv_bias=bias)
        attempts += [Attempt(network, family.paired(network, tensors)) for network in found]
        if any(attempt.problems == 0 for attempt in attempts):
            break
    if not attempts and refused:
        raise refused[0]
    if not attempts:
        where = f" in dialect {asked.dialect.name}" if asked.dialect else ""
        raise ValueError(f"{family.title} has no {asked.model or 'model'}{where}")
    fewest = min(attempt.problems for attempt in attempts)
    # the same names may be those of several dialects, which differ in shapes: the first to fit is taken
    rivals = [attempt for attempt in attempts if attempt.problems == fewest]
    best: Attempt | None = None
    # no width mends names without a partner (but for widths of about 0.1, where blocks lose a layer:
    # those must be asked for), so then the published ones are enough to say what is near
    several = (PUBLISHED,) if fewest else (PUBLISHED, OTHERS)
    for widths in several if asked.width is None else ((asked.width,),):
        for rival in rivals:
            for sized in _sized(family, tensors, rival, widths):
                if best is None or sized.problems < best.problems:
                    best = sized
                if not best.problems:
                    return best
    assert best is not None  # there is a rival and a width
    return best


def _structures(
    family: Family, asked: Asked, refused: list[ValueError], *, include_top: bool, conv_bias: bool
) -> Iterator[Plan]:
    """A plan of each model and dialect that the family knows, at the asked width or 1.

    refused takes what plans say that cannot be: some have windows larger than small images.
    """
    for dialect in (asked.dialect,) if asked.dialect else family.dialects:
        if conv_bias and dialect.conv_bias:  # the same once more
            continue
        made = replace(dialect, conv_bias=conv_bias or dialect.conv_bias)
        for model in (asked.model,) if asked.model else MODELS:
            if MODELS[model].family.version not in made.versions:
                continue
            try:
                network = plan(
                    model,
                    width=1.0 if asked.width is None else asked.width,
                    dialect=made,
                    divisor=asked.divisor,
                    include_top=include_top,
                    resolution=asked.resolution,
                )
            except ValueError as error:
                refused.append(error)
                continue
            try:
                family.layers(network)
            except ValueError:  # a model that the family has no names for
                continue
            yield network


def _sized(
    family: Family, tensors: Mapping[str, Array], structure: Attempt, widths: Iterable[float]
) -> Iterator[Attempt]:
    """The same structure with the channels and classes of the tensors, at each of the widths."""
    network = structure.plan
    given = network.asked
    stem = _shape(family, tensors, structure, "stem.weight")
    classifier = _shape(family, tensors, structure, "classifier.weight")
    if len(stem) == 4:
        given["channels"] = stem[2]
    if len(classifier) == 2:
        given["classes"] = classifier[1]
    for width in widths:
        made = plan(**{**given, "width": width})
        same = [*made.arrays] == [*network.arrays]  # or at this width some block does not widen
        pairing = structure.pairing if same else family.paired(made, tensors)
        yield laid(family, tensors, Attempt(made, pairing))


def laid(family: Family, tensors: Mapping[str, Array], attempt: Attempt) -> Attempt:
    """The attempt, with the arrays whose shapes differ."""
    expected = attempt.plan.arrays
    for ours in attempt.pairing.pairs:
        if (found := _shape(family, tensors, attempt, ours)) != expected[ours]:
            attempt.wrong[ours] = (expected[ours], found)
    return attempt


def _shape(family: Family, tensors: Mapping[str, Array], attempt: Attempt, ours: str) -> Shape:
    """Shape of an array in the file, in our layout where it has one; () where it is missing."""
    if ours not in attempt.pairing.pairs:
        return ()
    value = tensors[attempt.pairing.pairs[ours]]
    try:
        return family.incoming(attempt.plan, ours, value).shape
    except ValueError:
        return value.shape
