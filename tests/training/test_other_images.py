"""A run that goes on with other images says so, and names them."""

import gzip
import os
import random
import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.reliability import other_data
from npmobilenet.training.run import listing
from npmobilenet.training.run.listing import differences, kept, listed, written

pytestmark = pytest.mark.usefixtures("one_thread")


class Files:
    """A data set of files, or of what is none."""

    def __init__(self, names: list[str], labels: list[int]) -> None:
        self.names, self.labels, self.classes = names, np.array(labels), ("a", "b")

    def __len__(self) -> int:
        return len(self.names)

    def image(self, index: int) -> Any:
        raise AssertionError("nothing is decoded")


def made(folder: Path, count: int = 4) -> Files:
    folder.mkdir(parents=True, exist_ok=True)
    names = [folder / f"{k}.png" for k in range(count)]
    for k, name in enumerate(names):
        name.write_bytes(bytes([k]) * 10)
    return Files([str(name) for name in names], [k % 2 for k in range(count)])


def test_what_was_seen_is_kept_and_read_again(tmp_path: Path) -> None:
    files = made(tmp_path / "data \n\x1b")
    one = listed(files, files)
    notes = {"file": written(one, tmp_path)}
    before = kept(tmp_path, notes)
    assert before is not None
    assert next(seen.crc for seen in before.values()) != listing.NONE
    Path(files.names[2]).write_bytes(b"?" * 10)
    files.labels = np.array([0, 1, 1, 1])
    assert differences(before, listed(files, files), ("a", "b")) == [
        "2.png was of class a and is of b", "2.png was of class a and is of b (validation)"
    ]  # fmt: skip
    (tmp_path / listing.FILE).write_bytes(b"damaged")
    assert kept(tmp_path, notes) is None


def test_a_listing_that_is_none_is_not_waited_for_and_not_unpacked(
    tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / listing.FILE
    monkeypatch.setattr("npmobilenet.limits._LEAST_UNPACKED", 10**6)
    packed = gzip.compress(bytes(10**8))
    notes = {"file": sha256(packed).hexdigest()}
    file.write_bytes(packed)
    tracemalloc.start()
    assert kept(tmp_path, notes) is None
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()
    file.unlink()
    file.symlink_to("/dev/zero")
    assert kept(tmp_path, notes) is None
    if hasattr(os, "mkfifo"):
        file.unlink()
        os.mkfifo(file)
        assert kept(tmp_path, notes) is None


def test_the_same_files_elsewhere_are_the_same(tmp_path: Path) -> None:
    assert listed(made(tmp_path / "a"), None) == listed(made(tmp_path / "b/c"), None)


def test_an_order_and_a_repetition(tmp_path: Path) -> None:
    files = made(tmp_path / "a")
    written(listed(files, None), tmp_path)
    before = {("training", repr(seen.name)): seen for _, seen in listed(files, None).images}
    other = Files(files.names[::-1], files.labels.tolist()[::-1])
    twice = Files([*files.names, files.names[0]], [*files.labels.tolist(), 0])
    assert differences(before, listed(other, None), ("a", "b")) == [
        "3.png stands where another one stood"
    ]
    assert differences(before, listed(twice, None), ("a", "b")) == [
        "some are listed another number of times"
    ]


def test_what_is_too_much_is_sampled_the_same_way(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "READ", 25)
    files = made(tmp_path / "a", 9)
    seen = listing.of_dataset(files)
    assert sum(one.crc != listing.NONE for one in seen) == 2
    order = list(range(9))
    random.Random(0).shuffle(order)
    mixed = Files([files.names[k] for k in order], [files.labels[k] for k in order])
    assert sorted(listing.of_dataset(mixed)) == sorted(seen)


def test_images_that_are_no_files_have_names_and_labels() -> None:
    seen = listing.of_dataset(Files(["made up/1", "made up/2"], [0, 1]))
    assert seen == [("1", 0, -1, -1), ("2", 1, -1, -1)]


@pytest.mark.long
def test_the_row_finds_what_is_not_noticed(monkeypatch: Any, tmp_path: Path) -> None:
    """Contents are not read: images that are exchanged go unnoticed."""
    monkeypatch.setattr(listing, "READ", 0)
    (fault,) = other_data.prove("tiny").bad
    assert "within_a_class: not noticed" in fault
