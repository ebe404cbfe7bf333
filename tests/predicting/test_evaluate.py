"""Scores of a network on a data set, where both are built so that the answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting import prediction_sheet
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.predicting.metrics import Evaluation, wilson
from npmobilenet.predicting.predictor import probabilities
from npmobilenet.weights import Model

pytestmark = pytest.mark.usefixtures("one_thread")
HOW = Preprocessing(resolution=(8, 8), resize=None, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)


def test_scores_count_what_was_built_to_be_counted() -> None:
    """A network that always ranks the classes 0, 1, 2 ...: top-1 and top-5 follow from the labels."""
    plan = nm.plan("v1", width=0.1, resolution=8, classes=7, dialect="cifar")
    params = {name: np.zeros_like(value) for name, value in nm.init(plan, 0).items()}
    params["classifier.bias"] = np.arange(7, 0, -1).astype(np.float32)
    labels = np.array([0, 0, 1, 4, 5, 6, 4, 0, 6, 2])
    dataset = ArrayImages(np.zeros((10, 8, 8, 3), np.uint8), labels, tuple("abcdefg"))
    model = Model(plan, params, tuple("abcdefg"), HOW)
    bias = np.arange(7, 0, -1.0)
    loss = np.log(np.exp(bias).sum()) - bias[labels].mean()
    for batch_size in (1, 3, 64):
        scores = evaluate(model, dataset, batch_size=batch_size, workers=0)
        assert (scores.count, scores.correct, scores.correct5) == (10, 3, 7)
        assert (scores.top1, scores.top5) == (0.3, 0.7)
        assert scores.loss == pytest.approx(loss, rel=1e-6)
    p = probabilities(model, np.zeros((2, 8, 8, 3), np.float32))
    assert np.allclose(p, np.exp(bias) / np.exp(bias).sum(), rtol=1e-6)


def scored(labels: list[int], predicted: list[int], classes: str = "abc") -> Evaluation:
    named = np.array(predicted)
    truth = np.array(labels)
    right = int((named == truth).sum())
    confidence = np.linspace(0.5, 0.9, len(truth))
    return Evaluation(len(truth), right, right, 1.0, tuple(classes), truth, named, confidence)


def test_confusion_and_rates_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 5, 300).tolist(), rng.integers(0, 5, 300).tolist()
    scores = scored(labels, predicted, "abcde")
    assert (scores.confusion == metrics.confusion_matrix(labels, predicted)).all()
    precision, recall, _, support = metrics.precision_recall_fscore_support(labels, predicted)
    for k, one in enumerate(scores.per_class()):
        assert one["class"] == "abcde"[k]
        assert one["precision"] == pytest.approx(precision[k])
        assert one["recall"] == pytest.approx(recall[k])
        assert one["images"] == support[k]
    assert scores.top1 == pytest.approx(metrics.accuracy_score(labels, predicted))


def test_a_class_without_images_or_predictions_has_no_rate() -> None:
    first, second, third = scored([0, 0, 1], [0, 2, 2]).per_class()
    assert (first["precision"], first["recall"]) == (1.0, 0.5)
    assert (second["precision"], second["recall"]) == (None, 0.0)
    assert (third["precision"], third["recall"], third["images"]) == (0.0, None, 0)


def test_what_doubt_is_worth() -> None:
    """By hand: of the three below 0.7 one is right, 0.7 itself is above."""
    labels, predicted = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 0, 1])
    confidence = np.array([0.9, 0.6, 0.7, 0.69, 0.5])
    found = Evaluation(5, 3, 5, 0.1, ("a", "b"), labels, predicted, confidence)
    assert found.uncertain == (3, 1)
    assert found.to_json()["uncertain"] == {"images": 3, "correct": 1}


@pytest.mark.parametrize(
    ("correct", "count", "low", "high"),
    [(0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634), (320, 356, 0.8632, 0.9261)],
)
def test_wilsons_interval(correct: int, count: int, low: float, high: float) -> None:
    """Brown, Cai and DasGupta's formula, by hand; and SciPy's where it is installed."""
    assert wilson(correct, count) == pytest.approx((low, high), abs=1e-4)
    stats = pytest.importorskip("scipy.stats")
    theirs = stats.binomtest(correct, count).proportion_ci(0.95, method="wilson")
    assert wilson(correct, count) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_the_worst_mistakes_are_the_most_confident() -> None:
    scores = scored([0, 1, 2, 0, 1], [0, 2, 1, 1, 1])
    assert scores.worst(2) == [3, 2]
    assert scores.worst(9) == [3, 2, 1]


def test_mistakes_are_drawn() -> None:
    """Pictures of the wrong ones alone, captions that fit; none is an error."""
    images = np.zeros((5, 20, 30, 3), np.uint8)
    images[3] = (255, 0, 0)
    dataset = ArrayImages(images, [0, 1, 2, 0, 1], ("a" * 60, "b", "c"))
    page = np.asarray(
        prediction_sheet.mistakes(dataset, scored([0, 1, 2, 0, 1], [0, 2, 1, 1, 1]), 1)
    )
    assert (page == (255, 0, 0)).all(axis=2).sum() > 10_000
    with pytest.raises(ValueError, match="no mistakes"):
        prediction_sheet.mistakes(dataset, scored([0, 1], [0, 1]))


def test_a_prediction_is_drawn_with_bars_as_long_as_the_probabilities() -> None:
    image = Image.new("L", (300, 100), 90)
    p = np.array([0.1, 0.7, 0.2], np.float32)
    page = prediction_sheet.prediction(
        image, ("one", "a name that is far too long for its place", "three"), p
    )
    pixels = np.asarray(page)
    assert (pixels == 90).all(axis=2).sum() > 400 * 130  # the image, enlarged, its shape kept
    blue = (pixels == (0x3B, 0x6E, 0xA8)).all(axis=2)
    shade = (pixels == (0xE3, 0xE8, 0xEE)).all(axis=2)
    rows = np.flatnonzero(blue.any(axis=1))
    lengths = blue[rows].sum(axis=1)
    whole = (blue | shade)[rows].sum(axis=1)
    assert sorted(set(np.round(lengths / whole, 1).tolist())) == [0.1, 0.2, 0.7]
    assert lengths[0] > lengths[-1]  # the first is the most probable
    both = prediction_sheet.stacked([page, page, page, page, page])
    assert both.size == (4 * page.width, 2 * page.height)


# ---- the command ---------------------------------------------------------------------------------


def weights(folder: Path, names: tuple[str, ...] = ("cat", "dog")) -> str:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=len(names))
    how = Preprocessing.imagenet(32)
    nm.save(Model(plan, nm.init(plan, 0), names, how), folder / "m.safetensors")
    return str(folder / "m.safetensors")


def images_of(folder: Path, names: tuple[str, ...], count: int = 2) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        for k in range(count):
            Image.new("RGB", (40, 32), (60 * k, 90, 0)).save(folder / name / f"{k}.png")


def run(*words: str | Path) -> int:
    return main(["evaluate", *map(str, words), "--engine", "reference", "--workers", "1"])


def test_damaged_images_are_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = weights(tmp_path), tmp_path / "set"
    images_of(data, ("cat", "dog"))
    assert run(data, "--weights", model, "--json") == 0
    whole = json.loads(capsys.readouterr().out)
    png = (data / "cat/0.png").read_bytes()
    (data / "cat/cut.png").write_bytes(png[: len(png) // 2])
    (data / "dog/empty.jpg").write_bytes(b"")
    (data / "dog/photo.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert run(data, "--weights", model, "--json") == 1
    out, err = capsys.readouterr()
    scores = json.loads(out)
    assert len(scores.pop("unreadable")) == 2
    assert scores == whole
    note, first, second, last = err.splitlines()
    assert note == f"note: {data}: passed over, no images that Pillow reads: dog 1 (.heic)"
    assert first.startswith(f"npmobilenet evaluate: {data / 'cat/cut.png'}: cannot be decoded")
    assert second.startswith(f"npmobilenet evaluate: {data / 'dog/empty.jpg'}: not an image")
    assert last.endswith("2 of 6 images cannot be read; the figures are of the others")
    for file in data.rglob("?.png"):
        file.write_bytes(b"")
    assert run(data, "--weights", model) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("not an image")) == ("", 1)
    assert "none of the 6 images can be read; the first is" in err


def test_some_of_the_classes_if_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = weights(tmp_path, ("cat", "caf\u00e9", "owl")), tmp_path / "set"
    images_of(data, ("cat", "cafe\u0301"))
    assert run(data, "--weights", model) == 1
    assert "missing owl; with --some those that are there will do" in capsys.readouterr().err
    assert run(data, "--weights", model, "--some", "--json") == 0
    out, err = capsys.readouterr()
    assert [one["images"] for one in json.loads(out)["classes"]] == [2, 2, 0]
    assert err == "note: no images of: owl\n"
    images_of(data, ("ant",))
    assert run(data, "--weights", model, "--some") == 1
    assert "missing owl; unexpected ant\n" in capsys.readouterr().err
