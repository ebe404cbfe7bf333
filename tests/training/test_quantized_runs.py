"""Runs that end as networks of integers: resumed to the bit, averaged, measured; the commands."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks.quantized_training import equalities
from npmobilenet import cli
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.training.config import Config
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.quantized.leaving import integers
from npmobilenet.training.quantized.passes import Passes
from npmobilenet.training.quantized.points import points
from npmobilenet.training.quantized.settings import Quantize
from npmobilenet.training.report.finish import conclude
from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.weights import load
from tests.commands import ROOT
from tests.training.runs import (
    CONFIG,
    HOW,
    PLAN,
    TRAINING,
    VALIDATION,
    Listening,
    after,
    assert_same,
    require_the_same,
    run,
)

pytestmark = pytest.mark.usefixtures("one_thread")
EIGHT = Quantize(weights=8, images=16)
WAYS = {
    "averaged": replace(EIGHT, equalise=True),
    "learnt": replace(EIGHT, ranges="learnt", weights=5, per_channel=False, still=0.3),
}


def config_of(kind: str, **train: Any) -> Config:
    given: Any = {"ema": 0.9, **train}
    rate = Sgd(lr=0.02 if kind == "averaged" else 0.003)
    settings = replace(CONFIG.train, **given)
    return replace(CONFIG, quantize=WAYS[kind], train=settings, optimizer=rate)


@pytest.fixture(scope="module", params=list(WAYS))
def whole(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, one_thread: None
) -> tuple[str, Path]:
    """The kind and the folder of a run of 30 steps."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, config_of(request.param))
    return request.param, folder


def test_a_stopped_run_ends_with_the_same_bits(whole: tuple[str, Path], tmp_path: Path) -> None:
    """Stopped in the first epoch, and where normalisations are still: ranges and average too."""
    kind, straight = whole
    for calls, resume in ((3, False), (17, True)):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, config_of(kind), resume=resume, stop=after(calls))
    run(tmp_path, config_of(kind), resume=True)
    require_the_same(tmp_path, straight)
    extra = load(tmp_path / "last.safetensors").extra
    assert any(name.startswith("quantize/") for name in extra)


def test_what_is_kept_is_the_averaged_network_of_integers(whole: tuple[str, Path]) -> None:
    """As `integers` makes it of the average; measured as such, while the run went on in floats."""
    kind, folder = whole
    best, (model, state, _, _) = load(folder), load_checkpoint(folder)
    assert best.quantized is not None
    assert best.quantized.per_channel == WAYS[kind].per_channel
    assert all(value.dtype in (np.int8, np.int32) for value in best.params.values())
    history = model.notes["history"]
    scores = evaluate(best, VALIDATION, workers=0)
    assert max(epoch["validation_top1"] for epoch in history) == scores.top1
    assert scores.top1 > (0.6 if kind == "averaged" else 0.3)
    if history[-1]["best"]:
        passes = Passes(PLAN, points(PLAN, HOW), WAYS[kind])
        qplan, arrays = integers(passes, state.best_params)
        assert_same(best, replace(best, quantized=qplan, params=arrays))
    assert model.quantized is None
    assert {value.dtype for value in model.params.values()} == {np.dtype(np.float32)}
    limit = WAYS[kind].greatest
    for name, value in best.params.items():
        if name.endswith(".weight"):
            assert np.abs(value).max() <= limit


def test_integers_are_the_fake_quantised_network(whole: tuple[str, Path]) -> None:
    """In float64 every tensor of every step, on images of a class of noise each: all elements."""
    kind, folder = whole
    state = load_checkpoint(folder)[1]
    params = {name: value.astype(np.float64) for name, value in state.best_params.items()}
    passes = Passes(PLAN, points(PLAN, HOW), WAYS[kind])
    x = np.random.default_rng(0).uniform(-2, 2, (32, 8, 8, 3)).astype(np.float32)
    rows, same = equalities(passes, params, x.astype(np.float64))
    assert len(rows) == len(points(PLAN, HOW).low.steps) + 1
    assert same == 32
    assert sum(row.equal for row in rows) > 0.9995 * sum(row.elements for row in rows)
    assert max(row.largest for row in rows) <= 1


def test_the_card_says_how_it_was_quantised(whole: tuple[str, Path]) -> None:
    kind, folder = whole
    conclude(folder, VALIDATION, config_of(kind), "npmobilenet train trees")
    text = (folder / "card.md").read_text()
    assert "[quantize]" in text
    assert f"weights = {WAYS[kind].weights}" in text


def test_a_batch_may_be_in_parts(tmp_path: Path) -> None:
    """Ranges are then those of the parts' mean, and the run says why the step is plain."""
    who = Listening()
    history = run(tmp_path, config_of("averaged", accumulate=2, epochs=1), reporter=who)
    assert np.isfinite(history[0].loss)
    assert load(tmp_path).quantized is not None
    assert [line for line in who.remarks if "no fake quantisation" in line]
    ranges = load(tmp_path / "last.safetensors").extra["quantize/stem.range"]
    assert ranges[0] <= 0 < ranges[1]


def test_equalising_changes_integers_and_not_floats() -> None:
    """A stem whose channels are a thousand times too small: the same logits, and other widths."""
    from npmobilenet.quantization import equalised
    from npmobilenet.weights import Model

    params = dict(nm.init(PLAN, 1))
    shrink = np.where(np.arange(params["stem_norm.gamma"].size) % 2, 1e-3, 1).astype(np.float32)
    params["stem_norm.gamma"] = params["stem_norm.gamma"] * shrink
    x = np.random.default_rng(0).uniform(-2, 2, (8, 8, 8, 3)).astype(np.float32)
    model = Model(PLAN, params, TRAINING.classes, HOW)
    after = equalised(model.plan, model.params, x)
    np.testing.assert_allclose(nm.infer(PLAN, after, x), nm.infer(PLAN, params, x), atol=1e-4)
    assert np.abs(after["stem_norm.gamma"]).min() > 10 * np.abs(params["stem_norm.gamma"]).min()


def test_the_page_has_the_figures_of_the_logs() -> None:
    """Right of the test images, as `evaluate` printed them after each recorded run."""
    logs = (ROOT / "docs/pictures/measured/quantized_training.txt").read_text(encoding="utf-8")
    runs = dict(
        re.findall(r"^== (\S+)\n.*?images: top-1 [\d.]+% \((\d+) right, 95", logs, re.M | re.S)
    )
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    for data in ("flowers", "fashion"):
        seeds = [int(runs[f"{data}-int8-{seed}"]) for seed in range(3)]
        line = f"| {', '.join(f'{n:,}' for n in seeds)} | {sum(seeds) / 3:,.1f} |"
        assert line in page
        assert f"| {int(runs[f'{data}-w4-tensor']):,} | |" in page
        first, second, third = (f"{n:,}" for n in seeds)
        four = f"{int(runs[f'{data}-w4-tensor']):,}"
        for name, said in (
            ("15-eight-bits.md", f"{first}, {second} and {third}"),
            ("15-eight-bits.zh.md", f"{first}、{second}、{third}"),
        ):
            chapter = (ROOT / "docs/book" / name).read_text(encoding="utf-8")
            assert said in chapter
            assert four in chapter


@pytest.mark.long
def test_the_commands(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """train -o quantize.weights=8, then evaluate and predict what it left; a wrong value in one line."""
    monkeypatch.chdir(tmp_path)
    words = "train fashion-mnist-sample --model v1-shallow --width 0.1 --resolution 12 --epochs 1"
    how = ["--batch", "256", "-o", "quantize.weights=8", "--output", "run"]
    assert cli.main([*words.split(), *how]) == 0
    assert cli.main(["evaluate", "fashion-mnist-sample", "--weights", "run"]) == 0
    assert "1000 images: top-1" in capsys.readouterr().out
    assert cli.main([*words.split(), "-o", "quantize.weights=9", "--output", "other"]) == 1
    error = capsys.readouterr().err.strip()
    assert "quantize.weights must be 2 to 8 bits, or 0, found 9" in error
    assert error.count("\n") == 0
    assert not (tmp_path / "other").exists()
    listed = subprocess.run(
        [sys.executable, "-m", "npmobilenet", "recipes"], capture_output=True, text=True, check=True
    ).stdout
    assert "flowers-int8" in listed
