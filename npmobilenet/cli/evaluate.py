"""npmobilenet evaluate DATA --weights FILE."""

import argparse
from typing import TYPE_CHECKING

from ..tables import table
from .common import console, print_json
from .options import add_engine, add_weights, said_of, weights_of
from .progress import beside, counting
from .streams import complain
from .values import at_least, figure_option, picture_option

if TYPE_CHECKING:
    from ..datasets.dataset import Dataset
    from ..predicting.metrics import Evaluation
    from ..weights import Model

SAID = 20  # unreadable images that are named one by one


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add = parser.add_argument
    add(
        "data",
        metavar="DATA",
        help="folder with val/ or val_list.txt or with a folder a class, a list file, folder of idx "
        "files (their test part), or fashion-mnist-sample",
    )
    add_weights(parser)
    add("--batch", type=at_least(1), default=64, help="images at once (64)")
    add("--workers", type=at_least(0), default=2, help="decoding threads (2)")
    add_engine(parser)
    add(
        "--mistakes",
        type=picture_option,
        metavar="OUT.png",
        help="draw the most confident mistakes",
    )
    add("--count", type=at_least(1), default=20, help="how many of them (20)")
    add(
        "--confusion",
        type=figure_option,
        metavar="OUT.png",
        help="draw the confusion matrix (needs matplotlib)",
    )
    add("--some", action="store_true", help="a folder of some of the model's classes will do")
    add(
        "--skip-bad",
        action="store_true",
        help="images that cannot be read are counted, and the exit code is 0 all the same",
    )
    add("--json", action="store_true", help="one JSON object; rates are fractions")
    parser.epilog = "example: npmobilenet evaluate flower_photos --weights runs/flowers"


def run(options: argparse.Namespace) -> int:
    """Score the weights."""
    from ..datasets import class_balance
    from ..datasets.file_tree import some
    from ..training.report import plots

    model = weights_of(options)
    dataset = _images(options, model)
    if options.confusion and (trouble := plots.trouble()):
        raise ValueError(f"--confusion: {trouble}")
    absent = [name for name, count in class_balance.class_counts(dataset).items() if not count]
    for remark in (
        *class_balance.notes(dataset),
        *([f"no images of: {some(absent)}"] if absent else []),
    ):
        complain(f"note: {remark}")
    with said_of(options.weights):
        scores, dataset, damaged = _scored(options, model, dataset)
    if options.json:
        print_json(scores.to_json() | ({"unreadable": damaged} if damaged else {}))
    else:
        _show(scores)
    for complaint in damaged[:SAID]:
        complain(f"npmobilenet evaluate: {complaint}")
    if damaged:
        complain(f"npmobilenet evaluate: {len(damaged):,} of {len(damaged) + scores.count:,} images "
                 "cannot be read; the figures are of the others")  # fmt: skip
    _draw(options, scores, dataset)
    return 1 if damaged and not options.skip_bad else 0


def _draw(options: argparse.Namespace, scores: "Evaluation", dataset: "Dataset") -> None:
    """The pictures that are asked for: last, for a disk may be full and the figures known."""
    from .. import fonts
    from ..pictures import keep
    from ..predicting import prediction_sheet
    from ..training.report import plots

    if options.ranks and not options.ranks.first:
        return
    if options.confusion:
        plots.confusion(scores, options.confusion)
    if options.mistakes and scores.correct < scores.count:
        keep(prediction_sheet.mistakes(dataset, scores, options.count), options.mistakes)
    elif options.mistakes:
        complain(f"note: no mistakes, so {options.mistakes} is not drawn")
    if (options.confusion or options.mistakes) and (remark := fonts.remark(scores.classes)):
        complain(f"note: {remark}")


def _images(options: argparse.Namespace, model: "Model") -> "Dataset":
    from ..datasets.splits import load_evaluation
    from ..names import OtherClasses

    channels = model.plan.channels
    try:
        how = {"some": options.some, "absent": options.skip_bad}
        return load_evaluation(options.data, model.classes, channels, **how)
    except OtherClasses as error:
        hint = "; with --some those that are there will do" if error.partly else ""
        raise ValueError(f"{error}{hint}") from None


def _scored(
    options: argparse.Namespace, model: "Model", dataset: "Dataset"
) -> tuple["Evaluation", "Dataset", list[str]]:
    """Scores, the images they are of, and what is wrong with those that cannot be read."""
    import numpy as np

    from ..datasets.damage import undecodable
    from ..datasets.subsets import part_of
    from ..predicting.evaluation import evaluate

    how = {"batch_size": options.batch, "workers": options.workers, "engine": options.engine}
    bar, ranks = beside(options.json), options.ranks
    try:
        with counting(bar, len(dataset)) as seen:
            return evaluate(model, dataset, progress=seen, ranks=ranks, **how), dataset, []
    except ValueError:
        damaged = undecodable(dataset, options.workers)
        if not damaged:
            raise
    if len(damaged) == len(dataset):
        first = next(iter(damaged.values()))
        raise ValueError(f"none of the {len(dataset):,} images can be read; the first is {first}")
    left = part_of(dataset, np.setdiff1d(np.arange(len(dataset)), list(damaged)))
    with counting(bar, len(left)) as seen:
        scores = evaluate(model, left, progress=seen, ranks=ranks, **how)
    return scores, left, list(damaged.values())


def _show(scores: "Evaluation") -> None:
    from ..predicting.metrics import DOUBT

    low, high = scores.interval
    out = console()
    out.print(
        f"{scores.count} images: top-1 {scores.top1:.2%} ({scores.correct} right, 95 % interval "
        f"{low:.2%} to {high:.2%}), top-5 {scores.top5:.2%}, loss {scores.loss:.4f}",
        soft_wrap=not out.is_terminal,
    )

    doubted, right = scores.uncertain
    if 0 < doubted < scores.count:
        others, good = scores.count - doubted, scores.correct - right
        out.print(
            f"uncertain, the first class below {DOUBT:g}: {doubted} images, {right} of them right "
            f"({right / doubted:.0%}); of the other {others} {good} ({good / others:.0%})",
            soft_wrap=not out.is_terminal,
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
