"""npmobilenet evaluate DATA --weights FILE."""

import argparse
from typing import TYPE_CHECKING

from ..tables import table
from .common import add_engine, console, print_json

if TYPE_CHECKING:
    from ..training.metrics import Evaluation


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add = parser.add_argument
    add(
        "data",
        metavar="DATA",
        help="folder with val/ or val_list.txt or with a folder a class, a list file, folder of idx "
        "files (their test part), or fashion-mnist-sample",
    )
    add("--weights", required=True, metavar="FILE", help="a run's folder, a file, a shipped name")
    add("--batch", type=int, default=64, help="images at once (64)")
    add("--workers", type=int, default=2, help="decoding threads (2)")
    add_engine(parser)
    add("--mistakes", metavar="OUT.png", help="draw the most confident mistakes")
    add("--count", type=int, default=20, help="how many of them (20)")
    add("--confusion", metavar="OUT.png", help="draw the confusion matrix (needs matplotlib)")
    add("--json", action="store_true", help="one JSON object; rates are fractions")
    parser.epilog = "example: npmobilenet evaluate flower_photos --weights runs/flowers"


def run(options: argparse.Namespace) -> int:
    """Score the weights."""
    from ..training import panels, plots
    from ..training.data import load_evaluation
    from ..training.predict import evaluate
    from ..weights import load

    model = load(options.weights)
    dataset = load_evaluation(options.data, model.classes, model.plan.channels)
    if options.confusion and not plots.can_draw():
        raise ValueError(plots.ADVICE)
    scores = evaluate(
        model,
        dataset,
        batch_size=options.batch,
        workers=options.workers,
        engine=options.engine,
    )
    if options.confusion:
        plots.confusion(scores, options.confusion)
    if options.mistakes and scores.correct < scores.count:
        panels.mistakes(dataset, scores, options.count).save(options.mistakes)
    if options.json:
        print_json(scores.to_json())
    else:
        _show(scores)
    return 0


def _show(scores: "Evaluation") -> None:
    low, high = scores.interval
    out = console()
    out.print(
        f"{scores.count} images: top-1 {scores.top1:.2%} ({scores.correct} right, 95 % interval "
        f"{low:.2%} to {high:.2%}), top-5 {scores.top5:.2%}, loss {scores.loss:.4f}",
        soft_wrap=True,
    )

    def percent(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    rows = [
        (
            one["class"],
            one["images"],
            percent(one["precision"]),
            percent(one["recall"]),
        )
        for one in scores.per_class()
    ]
    out.print(table(("class", ">images", ">precision", ">recall"), rows))
