"""npmobilenet tour: the whole project in five stops, each naming the file to read."""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.text import Text

from .. import ops
from ..cost import cost
from ..evidence.v1_report import paper_parts
from ..models import CIFAR, backward, forward, init, plan
from ..ops.checks import Array
from ..ops.rungs import running
from ..pictures import characters, halftone, keep, sheet, to_bytes
from ..tables import table
from .common import console
from .compiling import compile_kernels
from .values import at_least

EXAMPLE, WEIGHTS = "example.png", "fashion.safetensors"  # what the last stops leave
GOAL = 0.85  # test accuracy that the fourth stop has to reach


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--output", default="tour", metavar="FOLDER", help="for pictures and weights (tour)"
    )
    parser.add_argument("--epochs", type=at_least(1), default=5, help="of training (5)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one epoch on 1,000 images, and no goal for the accuracy",
    )
    parser.epilog = "example: npmobilenet tour"


def run(options: argparse.Namespace) -> int:
    """Walk through the stops; 1 if anything that is shown is not as it should be."""
    out, started = console(), time.perf_counter()
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    stops: list[tuple[str, Callable[[], bool]]] = [
        ("What does MobileNetV1 cost?", lambda: _cost(out)),
        ("A depthwise and a pointwise convolution, at every rung", lambda: _rungs(out, folder)),
        ("Are the gradients right?", lambda: _gradients(out)),
        ("Learning from photographs of clothes", lambda: _learn(out, folder, options)),
        ("Naming clothes it has never seen", lambda: _predict(out, folder)),
    ]
    failed = []
    for number, (title, stop) in enumerate(stops, start=1):
        out.print()
        out.rule(Text(f"{number}/{len(stops)}  {title}", "bold"), align="left")
        if not stop():
            failed.append(title)
    out.print()
    for title in failed:
        out.print(f"Not as it should be: {title}", style="red")
    seconds = time.perf_counter() - started
    done = f"The tour took {seconds:.0f} s; its pictures and weights are in {folder}/"
    out.print(done, soft_wrap=True)
    if not failed:
        out.print("To see the network that has just learnt compute, number by number, both ways:")
        example, weights = (shlex.quote(str(folder / name)) for name in (EXAMPLE, WEIGHTS))
        out.print(f"  npmobilenet explore {example} --weights {weights}", soft_wrap=True)
        if not shutil.which("npmobilenet"):  # called by its path, as README's first command does
            out.print(f"So that npmobilenet is found, type first: {_activation()}", soft_wrap=True)
        out.print("To go on: docs/book/first-hour.md", soft_wrap=True)
    return int(bool(failed))


def _activation() -> str:
    """What makes the commands of this environment known to the shell."""
    if os.name == "nt":
        return str(Path(sys.prefix, "Scripts", "activate"))
    return f"source {shlex.quote(str(Path(sys.prefix, 'bin', 'activate')))}"


def _read(out: Console, *files: str) -> None:
    out.print(f"To read: {', '.join(files)}", style="dim", soft_wrap=True)


def _cost(out: Console) -> bool:
    counted = cost(plan("v1"))
    out.print(
        "A standard convolution filters and mixes channels at once.  MobileNet first filters each "
        "channel on its own (depthwise), then mixes the channels of each pixel (pointwise)."
    )
    out.print(*paper_parts(counted), sep="\n")
    out.print("All of it, layer by layer: npmobilenet cost v1")
    _read(out, "npmobilenet/models/rows.py (the paper's table)", "npmobilenet/cost/count.py")
    return counted.macs == 568_740_352


def _rungs(out: Console, folder: Path) -> bool:
    from ..data import photograph

    photo = photograph()
    x = (photo / 255).astype(np.float32)[None]
    edges = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)  # Sobel's
    depthwise = np.stack([edges, edges.T, np.full((3, 3), 1 / 9, np.float32)], axis=2)
    pointwise = np.array([[0.30, 1], [0.59, -1], [0.11, 0]], np.float32)  # grey; red minus green
    results: dict[str, Array] = {}
    rows: list[tuple[object, ...]] = []
    equal = True
    for name, operator, w in (
        ("depthwise", ops.depthwise_conv2d, depthwise),
        ("pointwise", ops.pointwise_conv2d, pointwise),
    ):
        macs = x.size * (9 if name == "depthwise" else pointwise.shape[1])
        for rung in running():
            y, seconds, first = _timed(operator, x, w, rung)
            reference = results.setdefault(name, y)
            error = float(np.abs(y - reference).max() / np.abs(reference).max())
            equal &= error < 1e-5
            note = f"first call {first:.1f} s" if first > 10 * seconds else ""
            rate = f"{macs / seconds / 1e9:.4f}"
            rows.append((name, rung, f"{1e3 * seconds:.2f} ms", rate, f"{error:.0e}", note))
    columns = ("operator", "rung", ">time", ">billion MACs/s", ">differs by", "")
    out.print(table(columns, rows, title=f"A {x.shape[1]} x {x.shape[2]} photograph"))
    d, p = results["depthwise"][0], results["pointwise"][0]
    parts = [
        photo,
        *(to_bytes(d[1:-1, 1:-1, m]) for m in range(3)),
        *(to_bytes(p[:, :, o]) for o in range(2)),
    ]
    names = ["photograph", "red: left-right edges", "green: up-down edges", "blue: mean of 3 x 3",
             "pointwise: grey", "pointwise: red - green"]  # fmt: skip
    keep(sheet(parts, names, columns=3, size=224), folder / "convolutions.png")
    out.print(
        f"What they see is in {folder / 'convolutions.png'}: a depthwise filter looks at the "
        "neighbours in one channel, a pointwise one at the channels of one pixel."
    )
    _read(out, "kernels/depthwise.py", "kernels/pointwise.py")
    return equal


def _timed(
    operator: Callable[..., Any], x: Array, w: Array, rung: str
) -> tuple[Array, float, float]:
    """Result, best time of a few calls (one for the loops), time of the first call."""
    seconds = []
    for _ in range(1 if rung == "loops" else 5):
        started = time.perf_counter()
        y, _cache = operator(x, w, rung=rung)
        seconds.append(time.perf_counter() - started)
    return y, min(seconds), seconds[0]


def _gradients(out: Console) -> bool:
    """Nudge single weights of a whole network, in float64, and compare with backward."""
    smooth = replace(CIFAR, activation="swish")
    network = plan("v1", width=0.25, resolution=32, classes=10, dialect=smooth)
    params, rng = init(network, seed=1, dtype=np.float64), np.random.default_rng(1)
    x, labels = rng.standard_normal((4, 32, 32, 3)), rng.integers(0, 10, 4)

    def loss_of(changed: dict[str, Array]) -> tuple[float, Any, Any]:
        logits, tape, _ = forward(network, changed, x, train=True, rung="numpy")
        loss, cache = ops.softmax_cross_entropy(logits, labels)
        return loss, cache, tape

    _, cache, tape = loss_of(params)
    grads = backward(network, ops.softmax_cross_entropy_backward(1.0, cache), tape)
    rows, worst, h = [], 0.0, 1e-5
    for name in ("stem.weight", "blocks.1.depthwise.weight", "blocks.7.pointwise.weight",
                 "blocks.13.depthwise_norm.gamma", "classifier.bias"):  # fmt: skip
        place = np.unravel_index(rng.integers(params[name].size), params[name].shape)
        nudge = np.zeros_like(params[name])
        nudge[place] = h
        ahead, behind = (loss_of(params | {name: params[name] + s * nudge})[0] for s in (1, -1))
        numeric, analytic = (ahead - behind) / (2 * h), float(grads[name][place])
        error = abs(numeric - analytic) / float(np.abs(grads[name]).max())
        worst = max(worst, error)
        index = ", ".join(map(str, place))
        rows.append((f"{name}[{index}]", f"{analytic:+.10f}", f"{numeric:+.10f}", f"{error:.0e}"))
    out.print(
        "backward claims how the loss changes with every weight.  So: move one weight of a whole "
        f"MobileNetV1 by {h:g} either way, run the network, and see how much the loss changed.\n"
        "(Here with swish for ReLU: at the kink of ReLU a difference is no derivative.)"
    )
    out.print(table(("weight", ">backward says", ">nudging says", ">differ by"), rows))
    out.print("Every operator, a hundred times more strictly: npmobilenet verify")
    _read(out, "npmobilenet/models/network.py", "npmobilenet/verify/checks.py")
    return worst < 1e-6


def _learn(out: Console, folder: Path, options: argparse.Namespace) -> bool:
    from ..datasets.arrays import ArrayImages
    from ..datasets.splits import default_preprocessing, fashion_mnist_sample
    from ..images.augment import FLIP
    from ..training.config import Config, Train
    from ..training.loop import train
    from ..training.optimizers import Sgd
    from ..weights import load, save
    from .progress import ConsoleReporter

    training, test = fashion_mnist_sample()
    if options.quick:
        training = ArrayImages(training.images[:1000], training.labels[:1000], training.classes)
    epochs = 1 if options.quick else options.epochs
    network = plan("v1-shallow", width=0.25, resolution=28, classes=10, channels=1, dialect=CIFAR)
    counted = cost(network)
    out.print(
        f"Fashion-MNIST: {len(training):,} photographs of clothes to learn from, {len(test):,} others "
        "for the test.\nThe paper's shallow MobileNet (its Table 5) with a quarter of the channels, and "
        "a stem of stride 1 for such small images: "
        f"{counted.params.trainable:,} parameters, {counted.macs:,} MACs an image; {epochs} epochs."
    )
    compile_kernels(out, network)
    config = Config(train=Train(epochs=epochs, batch=64), optimizer=Sgd(lr=0.1), augment=FLIP)
    preprocessing = default_preprocessing(training, 28)
    with tempfile.TemporaryDirectory() as run_folder, ConsoleReporter(out) as reporter:
        history = train(network, training, test, preprocessing, config, run_folder, reporter)
        save(load(Path(run_folder) / "last.safetensors"), folder / WEIGHTS)
    reached = history[-1].validation_top1 or 0.0
    out.print(
        f"Test accuracy after the last epoch: {reached:.1%} of {len(test):,} images "
        f"that were never learnt from"
    )
    _read(out, "npmobilenet/training/loop.py", "npmobilenet/training/optimizers.py")
    return options.quick or reached >= GOAL


def _predict(out: Console, folder: Path) -> bool:
    from ..datasets.splits import fashion_mnist_sample
    from ..images.preprocessing import prepare
    from ..predicting.evaluation import evaluate
    from ..predicting.predictor import probabilities
    from ..weights import load

    model = load(folder / WEIGHTS)
    _, test = fashion_mnist_sample()
    chosen = [int(np.flatnonzero(test.labels == k)[3]) for k in range(10)]  # one of each class
    x = np.stack([prepare(test.image(index), model.preprocessing) for index in chosen])
    p = probabilities(model, x)
    pictures = [np.asarray(test.image(index)) for index in chosen]
    captions, colors = [], []
    for index, row in zip(chosen, p, strict=True):
        found, truth = model.classes[int(row.argmax())], model.classes[int(test.labels[index])]
        right = found == truth
        colors.append("darkgreen" if right else "firebrick")
        captions.append(f"{found} {row.max():.0%}" + ("" if right else f"\nis: {truth}"))
    for picture, caption in list(zip(pictures, captions, strict=True))[:3]:
        out.print(Text.from_markup(halftone(picture)) if out.color_system else characters(picture))
        out.print(f"  -> {caption}".replace("\n", ", "))
        out.print()
    keep(sheet(pictures, captions, colors=colors), folder / "predictions.png")
    keep(Image.fromarray(pictures[0]), folder / EXAMPLE)
    out.print(
        f"One test image of each class, named, is in {folder / 'predictions.png'}.  To name another:\n"
        f"  npmobilenet predict {folder / EXAMPLE} --weights {folder / WEIGHTS}"
    )
    known = load("fashion-mnist")
    scores = evaluate(known, test)
    trained, epochs = cost(known.plan).params.trainable, known.notes["card"]["epochs"]
    out.print(
        f"\nThe shipped model `fashion-mnist` was trained by the same code on the whole data set, "
        f"{trained:,} parameters and {epochs} epochs: it names {scores.correct:,} of the "
        f"{scores.count:,} test images right."
    )
    _read(out, "npmobilenet/predicting/predictor.py", "npmobilenet/weights/native.py")
    return True
