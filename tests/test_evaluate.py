"""Scores of a network on a data set, where both are built so that the answer is known."""

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.training.datasets import ArrayImages
from npmobilenet.training.predict import evaluate, probabilities
from npmobilenet.training.transforms import Preprocessing
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
