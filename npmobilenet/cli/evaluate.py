"""npmobilenet evaluate DATA --weights FILE."""

import argparse

from .common import console, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "data",
        metavar="DATA",
        help="folder with val/ or with a folder a class, folder of idx files (their test part), "
        "or fashion-mnist-sample",
    )
    parser.add_argument("--weights", required=True, metavar="FILE", help="a run's folder or file")
    parser.add_argument("--batch", type=int, default=64, help="images at once (64)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = "example: npmobilenet evaluate flower_photos --weights runs/flowers"


def run(options: argparse.Namespace) -> int:
    """Score the weights."""
    from ..training.data import load_evaluation
    from ..training.predict import evaluate
    from ..weights import load

    model = load(options.weights)
    dataset = load_evaluation(options.data, model.classes, model.plan.channels)
    scores = evaluate(model, dataset, batch_size=options.batch)
    if options.json:
        figures = {"images": scores.count, "top1": scores.top1, "top5": scores.top5}
        print_json({**figures, "loss": scores.loss})
    else:
        console().print(
            f"{scores.count} images: top-1 {scores.top1:.2%} ({scores.correct} right), "
            f"top-5 {scores.top5:.2%}, loss {scores.loss:.4f}"
        )
    return 0
