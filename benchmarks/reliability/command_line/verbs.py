"""Every verb and action as its parser has it, and a command line of each that is quick and right."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from npmobilenet.cli import VERBS

# "verb" or "verb action" -> its arguments, and its options; {new} is a name that nothing has yet
BASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tour": ((), ("--quick", "--output", "{new}")),
    "cost": (("v1",), ()),
    "papers": (("v1",), ()),
    "claims": ((), ("--source", "papers/v1")),
    "ratio": (("v1",), ()),
    "sweep": (("v1",), ("--widths", "1", "--resolutions", "224")),
    "memory": (("v1",), ()),
    "roofline": (("tiny.toml",), ("--repeats", "1")),
    "summary": (("v1",), ()),
    "dialects": (("v1",), ()),
    "train": (
        ("data",),
        ("--weights", "m.safetensors", "--epochs", "1", "--batch", "2", "--output", "{new}"),
    ),
    "recipes": ((), ()),
    "models": ((), ()),
    "evaluate": (("data",), ("--weights", "m.safetensors")),
    "predict": (("data/val/cat/0.png",), ("--weights", "m.safetensors")),
    "explore": ((), ("--weights", "m.safetensors", "--no-time", "-o", "{new}.html")),
    "weights import": (
        ("k.h5",),
        ("--from", "keras", "--output", "{new}.safetensors", "--activation", "relu"),
    ),
    "weights list": ((), ()),
    "weights get": (("no/such",), ("--output", "{new}.safetensors")),
    "quantize": (("m.safetensors",), ("--calibrate", "data", "-o", "{new}.safetensors")),
    "vectors": (("q.safetensors",), ("-o", "{new}")),
    "export": (
        ("m.safetensors",),
        ("--to", "keras", "--force", "--output", "{new}.h5"),
    ),
    "warmup": (("tiny.toml",), ()),
    "exercises new": (("{new}.py",), ()),
    "exercises check": (("ops.py", "one_window"), ()),
    "exercises hint": (("depthwise",), ()),
    "exercises solution": (("depthwise",), ()),
    "exercises time": (("ops.py", "one_window"), ()),
    "exercises graduate": (("ops.py",), ()),
    "verify": ((), ("--cases", "1", "--operator", "softmax")),
}
SLOW = (
    "tour", "roofline", "exercises graduate", "exercises check", "exercises time", "verify", "papers",
    "claims", "vectors", "quantize", "warmup", "explore",
)  # fmt: skip
# how much work is done, without an end that anybody could object to
LENGTHS = {
    ("tour", "epochs"), ("train", "epochs"), ("roofline", "repeats"), ("verify", "cases"),
    ("vectors", "count"), ("quantize", "images"),
}  # fmt: skip


@dataclass(frozen=True)
class Leaf:
    """A verb, or an action of one: its words, and what its parser takes."""

    name: str
    parser: argparse.ArgumentParser

    @property
    def actions(self) -> list[argparse.Action]:
        """Arguments and options that take values."""
        return [a for a in self.parser._actions if a.nargs != 0 and a.dest != "help"]

    @property
    def flags(self) -> list[str]:
        """Every option as it is written longest."""
        return [a.option_strings[-1] for a in self.parser._actions if a.option_strings]

    def line(self, *more: str, positionals: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """The whole command: words, options, `more`, arguments."""
        given, options = BASES[self.name]
        given = given if positionals is None else positionals
        return (*self.name.split(), *options, *more, *(("--", *given) if given else ()))


def leaves() -> Iterator[Leaf]:
    """All of them, from the parsers themselves: a new verb cannot be forgotten."""
    for verb in VERBS:
        parser = argparse.ArgumentParser(prog=verb)
        import_module(f"npmobilenet.cli.{verb}").configure(parser)
        below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if below:
            for action, inner in below[0].choices.items():
                yield Leaf(f"{verb} {action}", inner)
        else:
            yield Leaf(verb, parser)


def is_number(action: argparse.Action) -> bool:
    """Whether an option takes one number: what its type makes of "1", or of "224"."""
    if action.type is None or not callable(action.type) or action.choices is not None:
        return False
    try:
        found = action.type("1")
    except (argparse.ArgumentTypeError, ValueError, TypeError):
        return False
    return isinstance(found, int | float | tuple)
