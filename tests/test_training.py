"""The training loop and its files: what is learnt, kept, resumed and refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training import loop
from npmobilenet.training.datasets import ArrayImages
from npmobilenet.training.loader import batches
from npmobilenet.training.loop import Epoch, Settings, train
from npmobilenet.training.optimizers import learning_rate
from npmobilenet.training.predict import Scores, evaluate
from npmobilenet.training.transforms import Preprocessing
from npmobilenet.weights import Model, load

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = ("ash", "birch", "çedar")
DIALECT = replace(nm.CIFAR, dropout=0.1)
PLAN = nm.plan("v1", width=0.25, resolution=8, classes=3, dialect=DIALECT)
HOW = Preprocessing(resolution=(8, 8), resize=None, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
SETTINGS = Settings(epochs=3, batch_size=8, lr=0.02, augmentation="flip", workers=0, seed=5)


def pictures(count: int, seed: int) -> ArrayImages:
    """Noise whose bright channel is its class: easily learnt."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 120, (count, 8, 8, 3), np.uint8)
    images[np.arange(count), :, :, labels] += 130
    return ArrayImages(images, labels, NAMES)


TRAINING, VALIDATION = pictures(29, 0), pictures(13, 1)


class Reporter:
    """Remembers; raises KeyboardInterrupt at the moment it is told to."""

    def __init__(self, stop: tuple[str, int] | None = None) -> None:
        self.stop, self.steps, self.epochs = stop, [], []

    def step(self, epoch: int, step: int, steps: int, loss: float, images: int) -> None:
        self.steps.append((epoch, step, steps, loss, images))
        if self.stop == ("step", len(self.steps)):
            raise KeyboardInterrupt

    def epoch(self, done: Epoch, best: bool) -> None:
        self.epochs.append((done, best))
        if self.stop == ("epoch", done.epoch):
            raise KeyboardInterrupt


def run(folder: Path, reporter: Any = None, resume: bool = False, **changes: Any) -> list[Epoch]:
    settings = replace(SETTINGS, **changes)
    return train(
        PLAN, TRAINING, VALIDATION, HOW, settings, folder, reporter or Reporter(), resume=resume
    )


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, one_thread: None
) -> tuple[Path, list[Epoch], Reporter]:
    """One uninterrupted run that several tests look at."""
    folder, reporter = tmp_path_factory.mktemp("whole") / "new" / "run", Reporter()
    return folder, run(folder, reporter), reporter


def assert_same(a: Model, b: Model) -> None:
    for some, other in ((a.params, b.params), (a.extra, b.extra)):
        assert list(some) == list(other)
        for name in some:
            assert some[name].tobytes() == other[name].tobytes(), name
            assert some[name].dtype == other[name].dtype


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
    assert {name.partition("/")[2] for name in last.extra} == set(PLAN.parameters)
    tops = [epoch.validation_top1 for epoch in history]
    assert [done.epoch for done, _ in reporter.epochs] == [1, 2, 3]
    assert len(best.notes["history"]) == 1 + tops.index(max(tops))
    scores = evaluate(best, VALIDATION)
    assert scores.top1 == max(tops)
    assert scores.loss == pytest.approx(history[tops.index(max(tops))].validation_loss)
    assert not list(folder.glob("*.part"))


def test_training_learns(tmp_path: Path) -> None:
    """Ten epochs over 61 images: the loss falls by far more than chance lets it."""
    settings = replace(SETTINGS, epochs=10, batch_size=16)
    history = train(PLAN, pictures(61, 0), VALIDATION, HOW, settings, tmp_path, Reporter())
    assert history[-1].loss < 0.6 * history[0].loss
    assert history[-1].accuracy > 0.6


def test_epoch_figures_are_means_over_images(whole: Any) -> None:
    """The first epoch written out: its last batch of 5 counts 5/29, not a quarter."""
    _, history, reporter = whole
    params = nm.init(PLAN, SETTINGS.seed)
    velocity = {name: np.zeros_like(params[name]) for name in PLAN.parameters}
    losses, right = np.zeros(29), 0
    drawn = batches(
        TRAINING, batch_size=8, preprocessing=HOW, seed=5, epoch=0, augmentation="flip", shuffle=True
    )  # fmt: skip
    for step, batch in enumerate(drawn):
        rng = np.random.default_rng([5, 0, step])
        logits, tape, statistics = nm.forward(PLAN, params, batch.x, train=True, rng=rng)
        p = nm.softmax(logits.astype(np.float64))
        losses[batch.indices] = -np.log(p[np.arange(len(p)), batch.labels])
        right += int((logits.argmax(1) == batch.labels).sum())
        _, cache = nm.softmax_cross_entropy(logits, batch.labels)
        grads = nm.backward(PLAN, nm.softmax_cross_entropy_backward(1.0, cache), tape)
        params |= statistics
        for name, gradient in grads.items():
            velocity[name] = 0.9 * velocity[name] + gradient
            params[name] = (
                params[name] - learning_rate("cosine", SETTINGS.lr, step, 12) * velocity[name]
            )
    assert history[0].loss == pytest.approx(losses.mean(), rel=1e-5)
    assert history[0].accuracy == right / 29
    expected = [(1, 1, 4, 8), (1, 2, 4, 16), (1, 3, 4, 24), (1, 4, 4, 29)]
    assert [(e, s, n, i) for e, s, n, _, i in reporter.steps[:4]] == expected
    assert reporter.steps[3][3] == pytest.approx(history[0].loss)
    model = Model(PLAN, params, NAMES, HOW)
    assert evaluate(model, VALIDATION).loss == pytest.approx(history[0].validation_loss, rel=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("stop", [("epoch", 1), ("step", 6), ("epoch", 2)])
def test_an_interrupted_run_ends_with_the_same_bits(
    stop: Any, optimizer: str, whole: Any, tmp_path: Path
) -> None:
    """Stopped between epochs or within one, by an exception of the reporter, and resumed."""
    straight = whole[0]
    if optimizer == "adam":
        straight = tmp_path / "straight"
        run(straight, optimizer=optimizer)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", Reporter(stop), optimizer=optimizer)
    history = run(tmp_path / "run", resume=True, optimizer=optimizer)
    assert len(history) == 3
    for file in ("last.safetensors", "best.safetensors"):
        assert_same(load(tmp_path / "run" / file), load(straight / file))


@pytest.mark.parametrize("workers", [1, 4])
def test_workers_change_no_bit(workers: int, whole: Any, tmp_path: Path) -> None:
    """Threads that decode cannot change what is learnt, and need not be the same when resuming."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Reporter(("epoch", 1)), augmentation="crop-flip", workers=workers)
    run(tmp_path, resume=True, augmentation="crop-flip", workers=0)
    run(tmp_path / "straight", augmentation="crop-flip", workers=0)
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
    monkeypatch.setattr(loop, "forward", forward)
    monkeypatch.setattr(loop, "evaluate", lambda *a, **b: Scores(10, next(right), 10, 1.0))
    reporter = Reporter()
    run(tmp_path, reporter, epochs=5)
    assert [best for _, best in reporter.epochs] == [True, False, False, True, False]
    assert len(load(tmp_path).notes["history"]) == 4
    assert all(sorted(order) == list(range(29)) for order in orders)
    assert len({tuple(order) for order in orders}) == 5
    assert seeds == [(5, epoch, step) for epoch in range(5) for step in range(4)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resume": True, "lr": 0.1}, "the run began with lr 0.02, not 0.1"),
        ({"resume": True, "epochs": 4}, "the run began with epochs 3, not 4"),
        ({"resume": True, "optimizer": "adam"}, "the run began with optimizer 'sgd', not 'adam'"),
        ({}, "already holds a run"),
    ],
)
def test_a_run_is_not_mixed_with_another(changes: Any, words: str, whole: Any) -> None:
    """Other settings, or a folder that is in use, are refused before anything is written."""
    before = (whole[0] / "last.safetensors").read_bytes()
    with pytest.raises(ValueError, match=words) as caught:
        run(whole[0], **changes)
    assert str(whole[0]) in str(caught.value)
    assert (whole[0] / "last.safetensors").read_bytes() == before


def test_another_network_or_nothing_cannot_be_resumed(whole: Any, tmp_path: Path) -> None:
    other, options = replace(PLAN, model="v0"), {"resume": True}
    with pytest.raises(ValueError, match="of another network"):
        train(other, TRAINING, VALIDATION, HOW, SETTINGS, whole[0], Reporter(), **options)
    with pytest.raises(ValueError, match="no such weight file"):
        run(tmp_path, resume=True)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    """In one line that says when, and what to do."""
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            ValueError, match=r"the loss is (nan|inf) at epoch 1, step \d: try a smaller"
        ),
    ):
        run(tmp_path, lr=1e30)
    assert not (tmp_path / "best.safetensors").exists()


@pytest.mark.parametrize(("count", "seen"), [(33, 32), (34, 34), (1 + 8 * 2, 16)])
def test_a_last_batch_of_one_image_cannot_be_learnt_from(
    count: int, seen: int, tmp_path: Path
) -> None:
    """Batch normalisation of a 1 x 1 map would have a single value: that image is left out."""
    plan = nm.plan("v1", width=0.1, resolution=8, classes=3)
    reporter = Reporter()
    settings = replace(SETTINGS, epochs=1, lr=1e-4)
    train(plan, pictures(count, 3), VALIDATION, HOW, settings, tmp_path, reporter)
    assert reporter.steps[-1][4] == seen
