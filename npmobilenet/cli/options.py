"""Options that several verbs share, and what they name: a plan, a model with its weights, an engine."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..models.dialects import DIALECTS
from ..models.network_plan import Plan, plan
from ..models.registry import MODELS
from ..ops.checks import nearest
from .streams import complain
from .values import resolution_option, sha256_option

if TYPE_CHECKING:
    from ..weights import Model


def add_model(parser: argparse.ArgumentParser) -> None:
    """MODEL as the first argument."""
    parser.add_argument("model", type=model_name, metavar="MODEL", help=MODEL_HELP)


MODEL_HELP = f"{', '.join(MODELS)}; or the TOML file of a network of your own"


def model_name(text: str) -> str:
    """The type of an option that names a model, or a file that has its table."""
    if text not in MODELS and not text.endswith(".toml"):
        near = nearest(text, MODELS)
        known = f"expected one of {', '.join(MODELS)}, or a .toml file"
        raise argparse.ArgumentTypeError(f"{known}, found {text!r}; did you mean {near}?")
    return text


def add_plan_options(parser: argparse.ArgumentParser, *, classes: bool = True) -> None:
    """--width, --divisor, --resolution, --dialect, and of the top --classes and --no-top."""
    parser.add_argument("--width", type=float, help="width multiplier alpha (1.0)")
    parser.add_argument(
        "--divisor", type=int, help="V2, V3: scaled channels are multiples of this (8)"
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
    parser.add_argument("--dialect", choices=list(DIALECTS), help="which family's version (paper)")


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


def add_weights(
    parser: argparse.ArgumentParser, *, default: str | None = None, among: Any = None
) -> None:
    """--weights, and what has to be said of a file of another framework.

    default: of a verb that can do without; among: a group of options that exclude each other.
    """
    from ..weights.families import FAMILIES

    add = parser.add_argument
    (among or parser).add_argument(
        "--weights",
        required=default is None,
        default=default,
        metavar="FILE",
        help="a run's folder, a file, a shipped name (`npmobilenet models`), or an official one "
        "(`npmobilenet weights list`)" + (f" ({default})" if default else ""),
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
    add_sha256(parser)


def add_sha256(parser: argparse._ActionsContainer) -> None:
    """The published SHA-256 of the file of weights."""
    parser.add_argument(
        "--sha256",
        type=sha256_option,
        metavar="HEX",
        help="of the file of weights, as it was published: compared before anything of it is read",
    )


def weights_of(options: argparse.Namespace) -> "Model":
    """The model that the options of `add_weights` name; what its file leaves open goes to stderr."""
    from ..names import read_class_names
    from ..weights.by_name import find_weights

    names = read_class_names(options.class_names) if options.class_names else None
    expected = getattr(options, "sha256", None)
    found = find_weights(options.weights, options.family or "", names, sha256=expected)
    for note in found.notes:
        complain(f"note: {note}")
    return found.model


@contextmanager
def said_of(weights: str) -> Iterator[None]:
    """Puts the name of the weights before the complaint that their logits are not finite."""
    from ..predicting.predictor import NotFinite

    try:
        yield
    except NotFinite as error:
        raise ValueError(f"{weights}: {error}") from None


def add_engine(parser: argparse.ArgumentParser) -> None:
    """What runs the network."""
    parser.add_argument(
        "--engine",
        choices=("compiled", "reference"),
        default="compiled",
        help="the compiled network, or the reference executor that is read first (compiled)",
    )
