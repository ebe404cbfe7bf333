"""The shipped images are those that their README says, to the pixel."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from npmobilenet import data as shipped
from npmobilenet.data import cut
from npmobilenet.datasets import idx
from npmobilenet.datasets.splits import pixel_statistics


def test_the_sample_is_the_one_that_was_cut() -> None:
    digest = hashlib.sha256(b"".join(a.tobytes() for a in shipped.fashion_mnist_arrays()))
    assert digest.hexdigest() == "a27d2fa7450145d017628f10d6a357558d57c9acba9ea169c08ae085d72cb6a4"


def test_the_sample_in_numbers() -> None:
    a = shipped.fashion_mnist_arrays()
    assert a.train_images.shape == (10_000, 28, 28)
    assert a.test_images.shape == (1_000, 28, 28)
    counts = np.bincount(a.train_labels).tolist()
    assert counts == [942, 1027, 1016, 1019, 974, 989, 1021, 1022, 990, 1000]
    assert a.test_labels[:5].tolist() == [9, 2, 1, 1, 6]
    assert not a.train_images.flags.writeable  # shared between callers
    boots = a.train_images[a.train_labels == 9].mean(axis=0)
    assert boots[18:22].mean() > 2 * boots[:6].mean()  # upright: soles below


def test_cut_and_read_are_inverse(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (n, 28, 28), np.uint8) for n in (7, 3)]
    labels = [np.arange(n, dtype=np.uint8) for n in (7, 3)]
    arrays = shipped.FashionMnistArrays(images[0], labels[0], images[1], labels[1])
    for name in ("once.npz", "twice.npz"):
        cut.write(arrays, tmp_path / name)
    for written, read in zip(
        arrays, shipped.read_fashion_mnist(tmp_path / "once.npz"), strict=True
    ):
        np.testing.assert_array_equal(written, read)
    assert (tmp_path / "once.npz").read_bytes() == (tmp_path / "twice.npz").read_bytes()


def test_cut_reports_a_missing_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        cut.main([str(tmp_path / "absent"), "--output", str(tmp_path / "x.npz")])
    assert "absent: expected train-images-idx3-ubyte.gz" in capsys.readouterr().err


def test_cutting_again_gives_the_same_arrays(fashion_mnist: Path) -> None:
    for ours, again in zip(shipped.fashion_mnist_arrays(), cut.cut(fashion_mnist), strict=True):
        np.testing.assert_array_equal(ours, again)


def test_the_means_of_the_whole_training_part(fashion_mnist: Path) -> None:
    images, _, _ = idx.read_part(fashion_mnist, "train")
    assert images.shape == (60_000, 28, 28)
    assert [round(v, 4) for v in pixel_statistics(images)] == [0.2860, 0.3530]


def test_the_photograph() -> None:
    photograph = shipped.photograph()
    assert photograph.shape == (224, 224, 3)
    assert photograph.dtype == np.uint8
    assert photograph.std() > 30
    assert shipped.PHOTOGRAPH_FILE.stat().st_size < 100_000
    photograph[:] = 0  # the caller's own copy
    assert shipped.photograph().any()
