"""The command line: one file a verb, each with `configure(parser)` and `run(arguments) -> int`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from textwrap import fill, wrap
from typing import Any, NoReturn

from .. import __version__
from ..text import in_a_line
from .ranked import quiet, run_verb
from .streams import any_text, complain, settle

VERBS = {
    "tour": "watch MobileNetV1 explain its cost, prove its gradients, learn and predict",
    "cost": "multiply-accumulates and parameters, layer by layer, beside the paper's",
    "papers": "every cell of the published tables beside our count, with a verdict",
    "claims": "what tutorials, papers and documentation say of MobileNets, judged by running code",
    "ratio": "what separating one convolution saves: the papers' formula in numbers",
    "sweep": "widths and resolutions of a model: cost and printed accuracy, as table or picture",
    "memory": "bytes of parameters, of what training keeps, and of the peaks",
    "roofline": "what bounds each layer on this machine, beside its measured time",
    "summary": "layers, output shapes and parameters, as Keras prints them",
    "dialects": "how the families' versions of one MobileNet differ, switch by switch",
    "train": "learn from a folder of images or from idx files",
    "recipes": "ready configurations for train",
    "models": "the trained models that come with the package",
    "evaluate": "top-1 and top-5 accuracy of trained weights",
    "predict": "name what is in image files",
    "explore": "a page that computes a network in the browser, forwards and backwards, to look into",
    "weights": "bring in weights of Keras, torchvision, timm, PaddleClas; list and fetch official ones",
    "quantize": "a trained network in 8-bit integers, and what that costs, tensor by tensor",
    "vectors": "every integer of every layer as files for hardware, and somebody's beside them",
    "export": "write weights for other frameworks: ONNX, torchvision, timm, Keras, PaddleClas",
    "warmup": "compile everything now, so that nothing has to be compiled later",
    "exercises": "write the operators yourself, and be told by the smallest case what is wrong",
    "verify": "check every operator and rung against independent witnesses",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    with quiet(), any_text():
        try:
            return _run(words)
        except KeyboardInterrupt:
            complain("\nnpmobilenet: interrupted")
            return 130
        except BrokenPipeError:  # the reader of a pipe has seen enough
            settle(sys.stdout)
            return 0
        except Exception as error:
            from .complaints import complaint

            if (text := complaint(error)) is None:
                raise
            text = in_a_line(text, words)
            complain(" ".join(filter(None, ("npmobilenet", _verb(words)))) + f": {text}")
            settle(sys.stdout)  # which may be what has failed: a full disk
            return 1


class Help(argparse.RawDescriptionHelpFormatter):
    """Many choices stand in the text of --help, which is wrapped, and not in braces, which are not."""

    def _metavar_formatter(
        self, action: argparse.Action, default_metavar: str
    ) -> Callable[[int], tuple[str, ...]]:
        if _many(action):
            return lambda size: (action.dest.upper(),) * size
        return super()._metavar_formatter(action, default_metavar)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(" ".join(text.split()), width, break_on_hyphens=False)  # names have hyphens

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = super()._get_help_string(action)
        return f"{text}: {', '.join(map(str, action.choices or ()))}" if _many(action) else text


class Parser(argparse.ArgumentParser):
    """argparse's, but help that cannot be written, on a full disk, is not passed over.

    Complaints are one line in which no word of the command commands a terminal.
    """

    def error(self, message: str) -> NoReturn:
        """Usage and what is wrong on standard error; exit code 2."""
        self.print_usage(sys.stderr)
        complain(f"{self.prog}: error: {' '.join(message.split(chr(10)))}")
        self.exit(2)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        empty = [text for text in arg_strings if not text.strip()]
        if action.nargs is None and arg_strings == ["--"]:  # which argparse would take for none
            empty = ["--"]
        if action.option_strings and empty:
            raise argparse.ArgumentError(action, f"expected something, found {empty[0]!r}")
        return super()._get_values(action, arg_strings)

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            file.write(message)
        else:
            with suppress(OSError):  # nobody is there to read it
                super()._print_message(message, file)
                settle(file)


def _many(action: argparse.Action) -> bool:
    """Whether its choices are too many for a pair of braces."""
    return action.metavar is None and len(", ".join(map(str, action.choices or ()))) > 40


def _run(words: list[str]) -> int:
    """All that may fail, importing the verb and printing its last line included."""
    try:
        options = _parser(words)
        return run_verb(options.verb, import_module(f".{options.verb}", __name__).run, options)
    finally:
        sys.stdout.flush()


def _verb(words: list[str]) -> str | None:
    return next((word for word in words if word in VERBS), None)


def _parser(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="npmobilenet",
        description="MobileNet in pure NumPy and Numba.",
        epilog="example: npmobilenet tour",
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"npmobilenet {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    chosen = _verb(arguments)
    for verb, text in VERBS.items():
        sub = verbs.add_parser(
            verb,
            help=text,
            description=fill(text[0].upper() + text[1:] + ".", 79),
            formatter_class=Help,
        )
        if verb == chosen:  # the other verbs are not imported: --help stays quick
            import_module(f".{verb}", __name__).configure(sub)
    if not arguments:
        parser.print_help(sys.stderr)
        parser.exit(2)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        complaint = f"unrecognized arguments: {' '.join(unknown)}"
        meant = verbs.choices[options.verb]
        near = get_close_matches(unknown[0].partition("=")[0], meant._option_string_actions, 1)
        meant.error(f"{complaint}; did you mean {near[0]}?" if near else complaint)
    return options
