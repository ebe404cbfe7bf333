"""The training loop and its files: what is learnt, kept, resumed and refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.datasets.loader import batches
from npmobilenet.images.augment import CROP_FLIP, FLIP
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.predicting.metrics import Scores
from npmobilenet.training import loop, step
from npmobilenet.training.config import Config, Data
from npmobilenet.training.loop import train
from npmobilenet.training.optimizers import Adam, Sgd
from npmobilenet.training.run.history import Epoch, Silent, Status
from npmobilenet.training.schedules import Cosine
from npmobilenet.weights import Model, load
from tests.training.runs import CONFIG, HOW, NAMES, PLAN, assert_same, pictures

pytestmark = pytest.mark.usefixtures("one_thread")

TRAINING, VALIDATION = pictures(29, 0), pictures(13, 1)


class Reporter(Silent):
    """Remembers; raises KeyboardInterrupt at the moment it is told to."""

    def __init__(self, stop: tuple[str, int] | None = None) -> None:
        self.stop = stop
        self.moments: list[Status] = []
        self.epochs: list[Epoch] = []
        self.remarks: list[str] = []

    def step(self, status: Status) -> None:
        self.moments.append(status)
        if self.stop == ("step", len(self.moments)):
            raise KeyboardInterrupt

    def epoch(self, done: Epoch) -> None:
        self.epochs.append(done)
        if self.stop == ("epoch", done.epoch):
            raise KeyboardInterrupt

    def remark(self, text: str) -> None:
        self.remarks.append(text)


def changed(train: dict[str, Any] | None = None, **sections: Any) -> Config:
    """CONFIG with other keys of [train], or other sections."""
    return replace(CONFIG, train=replace(CONFIG.train, **(train or {})), **sections)


def run(
    folder: Path, reporter: Any = None, resume: bool = False, config: Config = CONFIG
) -> list[Epoch]:
    return train(PLAN, TRAINING, VALIDATION, HOW, config, folder, reporter, resume=resume)


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, one_thread: None
) -> tuple[Path, list[Epoch], Reporter]:
    """One uninterrupted run that several tests look at."""
    folder, reporter = tmp_path_factory.mktemp("whole") / "new" / "run", Reporter()
    return folder, run(folder, reporter), reporter


def test_a_run_leaves_its_files(whole: Any) -> None:
    """Best and last are on disk with all that prediction and resuming need."""
    folder, history, reporter = whole
    assert (folder / "class_indices.json").read_text() == json.dumps(
        {"0": "ash", "1": "birch", "2": "çedar"}, indent=4
    )
    best, last = load(folder), load(folder / "last.safetensors")
    assert best.classes == last.classes == NAMES
    assert best.plan == last.plan == PLAN
    assert (best.preprocessing, best.extra) == (HOW, {})
    kept = {name.removeprefix("optimizer/velocity/") for name in last.extra}
    assert kept == set(PLAN.parameters)
    tops = [epoch.validation_top1 for epoch in history]
    assert [done.epoch for done in reporter.epochs] == [1, 2, 3]
    assert len(best.notes["history"]) == 1 + tops.index(max(tops))
    scores = evaluate(best, VALIDATION)
    assert scores.top1 == max(tops)
    assert scores.loss == pytest.approx(history[tops.index(max(tops))].validation_loss)
    assert not [path for path in folder.iterdir() if path.suffix in (".part", ".new")]


def test_training_learns(tmp_path: Path) -> None:
    """Ten epochs over 61 images: the loss falls by far more than chance lets it."""
    config = changed({"epochs": 10, "batch": 16})
    history = train(PLAN, pictures(61, 0), VALIDATION, HOW, config, tmp_path)
    assert history[-1].loss < 0.6 * history[0].loss
    assert history[-1].accuracy > 0.6


def test_epoch_figures_are_means_over_images(tmp_path: Path) -> None:
    """The first epoch written out: its last batch of 5 counts 5/29, not a quarter."""
    reporter = Reporter()
    history = run(tmp_path, reporter, config=changed({"engine": "reference"}))
    params = nm.init(PLAN, 5)
    velocity = {name: np.zeros_like(params[name]) for name in PLAN.parameters}
    losses, right = np.zeros(29), 0
    drawn = batches(
        TRAINING, batch_size=8, preprocessing=HOW, seed=5, epoch=0, augmentation=FLIP, shuffle=True
    )  # fmt: skip
    for number, batch in enumerate(drawn):
        rng = np.random.default_rng([5, 0, number])
        logits, tape, statistics = nm.forward(PLAN, params, batch.x, train=True, rng=rng)
        p = nm.softmax(logits.astype(np.float64))
        losses[batch.indices] = -np.log(p[np.arange(len(p)), batch.labels])
        right += int((logits.argmax(1) == batch.labels).sum())
        _, cache = nm.softmax_cross_entropy(logits, batch.labels)
        grads = nm.backward(PLAN, nm.softmax_cross_entropy_backward(1.0, cache), tape)
        params |= statistics
        for name, gradient in grads.items():
            velocity[name] = 0.9 * velocity[name] + gradient
            lr = 0.02 * Cosine().factor_of(number, 12, 3)
            params[name] = params[name] - lr * velocity[name]
    assert history[0].loss == pytest.approx(losses.mean(), rel=1e-5)
    assert history[0].accuracy == right / 29
    expected = [(1, 1, 4, 8), (1, 2, 4, 16), (1, 3, 4, 24), (1, 4, 4, 29)]
    seen = [(m.epoch, m.step, m.steps, m.images) for m in reporter.moments[:4]]
    assert seen == expected
    assert reporter.moments[3].loss == pytest.approx(history[0].loss)
    assert reporter.moments[3].accuracy == history[0].accuracy
    model = Model(PLAN, params, NAMES, HOW)
    assert evaluate(model, VALIDATION).loss == pytest.approx(history[0].validation_loss, rel=1e-4)


def test_every_optimizer_goes_on_from_its_own_state(tmp_path: Path) -> None:
    """Adam's two moments and the number of its steps are in the checkpoint."""
    config = changed(optimizer=Adam(lr=0.01))
    run(tmp_path / "straight", config=config)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", Reporter(("epoch", 1)), config=config)
    assert len(run(tmp_path / "run", resume=True, config=config)) == 3
    for file in ("last.safetensors", "best.safetensors"):
        assert_same(load(tmp_path / "run" / file), load(tmp_path / "straight" / file))


@pytest.mark.parametrize("workers", [1, 4])
def test_workers_change_no_bit(workers: int, tmp_path: Path) -> None:
    """Threads that decode cannot change what is learnt, and need not be the same when resuming."""
    few = changed(augment=CROP_FLIP, data=Data(workers=0))
    many = replace(few, data=Data(workers=workers))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Reporter(("epoch", 1)), config=many)
    run(tmp_path, resume=True, config=few)
    run(tmp_path / "straight", config=few)
    assert_same(load(tmp_path / "last.safetensors"), load(tmp_path / "straight/last.safetensors"))


def test_every_epoch_is_drawn_anew_and_the_first_best_stays(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """Order and dropout follow (seed, epoch); of epochs equally good the earlier is the best."""
    orders: list[list[int]] = []
    seeds: list[tuple[int, ...]] = []

    def spied(*given: Any, **named: Any) -> Any:
        orders.append([])
        for batch in batches(*given, **named):
            orders[-1] += batch.indices.tolist()
            yield batch

    def forward(*given: Any, **named: Any) -> Any:
        seeds.append(tuple(named["rng"].bit_generator.seed_seq.entropy))
        return nm.forward(*given, **named)

    right = iter((5, 5, 4, 7, 7))
    monkeypatch.setattr(loop, "batches", spied)
    monkeypatch.setattr(step, "forward", forward)
    monkeypatch.setattr(loop, "evaluate", lambda *a, **b: Scores(10, next(right), 10, 1.0))
    reporter = Reporter()
    run(tmp_path, reporter, config=changed({"epochs": 5, "engine": "reference"}))
    assert [done.best for done in reporter.epochs] == [True, False, False, True, False]
    assert len(load(tmp_path).notes["history"]) == 4
    assert all(sorted(order) == list(range(29)) for order in orders)
    assert len({tuple(order) for order in orders}) == 5
    assert seeds == [(5, epoch, step) for epoch in range(5) for step in range(4)]


@pytest.mark.parametrize(
    ("config", "resume", "words"),
    [
        (changed(optimizer=Sgd(lr=0.1)), True, "the run began with optimizer.lr 0.02, not 0.1"),
        (changed(optimizer=Adam()), True, "began with optimizer.name 'sgd', not 'adam'"),
        (changed({"epochs": 2}), True, "3 epochs are over already, 2 are asked for"),
        (CONFIG, False, "already holds a run"),
    ],
)
def test_a_run_is_not_mixed_with_another(
    config: Config, resume: bool, words: str, whole: Any
) -> None:
    """Other settings, or a folder that is in use, are refused before anything is written."""
    before = (whole[0] / "last.safetensors").read_bytes()
    with pytest.raises(ValueError, match=words) as caught:
        run(whole[0], resume=resume, config=config)
    assert str(whole[0]) in str(caught.value)
    assert (whole[0] / "last.safetensors").read_bytes() == before


def test_another_network_other_images_or_nothing_cannot_be_resumed(
    whole: Any, tmp_path: Path
) -> None:
    other, options = replace(PLAN, model="v0"), {"resume": True}
    with pytest.raises(ValueError, match="of another network"):
        train(other, TRAINING, VALIDATION, HOW, CONFIG, whole[0], **options)
    with pytest.raises(ValueError, match=r"\(29 in 3 classes then, 30 in 3 now\)"):
        train(PLAN, pictures(30, 0), VALIDATION, HOW, CONFIG, whole[0], **options)
    with pytest.raises(ValueError, match="no such weight file"):
        run(tmp_path, resume=True)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    """In one line that says when, and what to do."""
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            ValueError, match=r"the loss is (nan|inf) \(.*\) at epoch 1, step \d: try a smaller"
        ),
    ):
        run(tmp_path, config=changed(optimizer=Sgd(lr=1e30)))
    assert not (tmp_path / "best.safetensors").exists()


@pytest.mark.parametrize(("count", "seen"), [(33, 32), (34, 34), (1 + 8 * 2, 16)])
def test_a_last_batch_of_one_image_cannot_be_learnt_from(
    count: int, seen: int, tmp_path: Path
) -> None:
    """Batch normalisation of a 1 x 1 map would have a single value: that image is left out."""
    plan = nm.plan("v1", width=0.1, resolution=8, classes=3)
    reporter = Reporter()
    config = changed({"epochs": 1}, optimizer=Sgd(lr=1e-4))
    train(plan, pictures(count, 3), VALIDATION, HOW, config, tmp_path, reporter)
    assert reporter.moments[-1].images == seen
