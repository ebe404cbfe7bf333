"""Making a shipped model of a run: half precision, measured as the file it is, with its card.

    python -m npmobilenet.pretrained.ship runs/flowers flowers flower_photos --licence "CC BY 2.0"

The figure in the card is that of the file in half precision, on the test part of the data.  If the run
went on from another one's weights, --before names that one, and the card tells of both.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..datasets.splits import load_evaluation
from ..disk import write_whole
from ..predicting.evaluation import evaluate
from ..predicting.metrics import Evaluation
from ..training.report.card import Measured, Story, card, facts
from ..weights.native import load, save
from . import FOLDER


def ship(
    run: Path,
    name: str,
    data: str,
    licence: str,
    command: str,
    folder: Path = FOLDER,
    before: Sequence[Path] = (),
) -> Evaluation:
    """Write NAME.safetensors and NAME.md in `folder`; the scores of the file that was written."""
    model = load(run)
    stories = [_public(Story.of(one)) for one in (*before, run)]
    path = folder / f"{name}.safetensors"
    save(replace(model, extra={}, notes={}), path, half=True)
    scores = evaluate(load(path), load_evaluation(data, model.classes, model.plan.channels))
    told: dict[str, Any] = facts(
        model.plan,
        stories,
        [Measured.from_scores(f"the test images of {Path(data).name}", scores)],
        data=Path(data).name,
        licence=licence,
        command=command,
    )
    # the same arrays again, with what was measured of them
    save(replace(model, extra={}, notes={"card": told}), path, half=True)
    text = card(name, model.plan, stories, told, path)
    write_whole(path.with_suffix(".md"), text.encode())
    return scores


def _public(story: Story) -> Story:
    """Without the places where data and other runs lie here."""
    config = story.config
    return replace(
        story,
        config=replace(
            config,
            data=replace(config.data, path=Path(config.data.path).name),
            model=replace(config.model, weights=_run_name(config.model.weights)),
            distillation=replace(
                config.distillation, teachers=tuple(map(_run_name, config.distillation.teachers))
            ),
        ),
    )


def _run_name(weights: str) -> str:
    """runs/NAME for a run that lies anywhere; an official or a shipped name as it is."""
    path = Path(weights)
    return f"runs/{path.name}" if weights and (path.is_absolute() or path.is_dir()) else weights


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("name", help="what the model will be called")
    parser.add_argument("data", help="what it is measured on")
    parser.add_argument("--licence", required=True, help="of the data")
    parser.add_argument("--command", required=True, help="that trained it, without private paths")
    parser.add_argument("--before", type=Path, nargs="*", default=[], help="runs it went on from")
    given = parser.parse_args()
    scores = ship(
        given.run, given.name, given.data, given.licence, given.command, before=given.before
    )
    print(f"{scores.correct} of {scores.count} right: {scores.top1:.2%}")


if __name__ == "__main__":
    main()
