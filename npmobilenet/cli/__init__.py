"""The command line: one file a verb, each with `configure(parser)` and `run(arguments) -> int`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import argparse
import os
import sys
from importlib import import_module

from .. import __version__

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
    "weights": "bring in weights of Keras, torchvision, timm, PaddleClas; list and fetch official ones",
    "export": "write weights for other frameworks: ONNX, torchvision, timm, Keras, PaddleClas",
    "warmup": "compile everything now, so that nothing has to be compiled later",
    "verify": "check every operator and rung against independent witnesses",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    options = _parser(arguments if arguments is not None else sys.argv[1:])
    try:
        code: int = import_module(f".{options.verb}", __name__).run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nnpmobilenet: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"npmobilenet {options.verb}: {error}", file=sys.stderr)
        return 1
    return code


def _parser(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="npmobilenet",
        description="MobileNet in pure NumPy and Numba.",
        epilog="example: npmobilenet tour",
    )
    parser.add_argument("--version", action="version", version=f"npmobilenet {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    chosen = next((word for word in arguments if word in VERBS), None)
    for verb, text in VERBS.items():
        sub = verbs.add_parser(
            verb,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if verb == chosen:  # the other verbs are not imported: --help stays quick
            import_module(f".{verb}", __name__).configure(sub)
    return parser.parse_args(arguments)
