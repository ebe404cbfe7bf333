"""Folders as people have them: links, litter, files that are no images, names in two spellings."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import npmobilenet as nm
from npmobilenet.datasets import ImageFolder, damage, load_evaluation, load_splits
from npmobilenet.datasets.class_balance import warnings
from npmobilenet.datasets.file_tree import contents, extensions, image_files
from npmobilenet.datasets.paddle_lists import ListImages
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.names import require_same_classes
from npmobilenet.training.transfer import transferred
from npmobilenet.weights import Model

NFC, NFD = "caf\u00e9", "cafe\u0301"


def save(path: Path, form: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (90, 0, 0)).save(path, form)


def classes(folder: Path, names: str = "cat dog") -> Path:
    for name in names.split():
        save(folder / name / "0.png")
        save(folder / name / "1.jpg")
    return folder


# ---- what counts as an image ---------------------------------------------------------------------


def test_all_that_pillow_opens_is_an_image(tmp_path: Path) -> None:
    forms = {
        "a.jfif": "JPEG", "b.JPE": "JPEG", "c.gif": "GIF", "d.tga": "TGA", "e.pnm": "PPM",
        "f.jp2": "JPEG2000", "g.ico": "ICO", "h.dib": "DIB", "i.apng": "PNG",
    }  # fmt: skip
    for name, form in forms.items():
        save(tmp_path / "cat" / name, form)
    images = ImageFolder(tmp_path)
    assert [Path(name).name for name in images.names] == sorted(forms)
    assert all(images.image(k).mode == "RGB" for k in range(len(images)))
    assert not {".pdf", ".eps", ".h5", ".mpg", ".wmf"} & extensions()


def test_content_decides_where_the_ending_says_nothing(tmp_path: Path) -> None:
    for name, form in (("photo", "JPEG"), ("b.jpg_large", "JPEG"), ("c.heic", "PNG")):
        save(tmp_path / "cat" / name, form)
    (tmp_path / "cat/notes").write_text("P6 is no image, II* neither")
    images = ImageFolder(tmp_path)
    assert [Path(name).name for name in images.names] == ["b.jpg_large", "c.heic", "photo"]


def test_what_is_passed_over_is_counted_by_class(tmp_path: Path) -> None:
    classes(tmp_path)
    for name in ("cat/a.HEIC", "cat/b.heic", "cat/notes.txt", "dog/x.pdf"):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic, or whatever it is")
    for name in ("cat/Thumbs.db", "dog/desktop.ini", "cat/.DS_Store", "dog/._0.jpg"):
        (tmp_path / name).write_bytes(b"litter")
    save(tmp_path / "dog/@eaDir/0.jpg")
    save(tmp_path / "__MACOSX/cat/0.jpg")
    save(tmp_path / "stray.png")
    (tmp_path / "gone").symlink_to("nowhere")
    images = ImageFolder(tmp_path)
    assert (images.classes, len(images)) == (("cat", "dog"), 4)
    assert images.notes == (
        f"{tmp_path}: passed over, no images that Pillow reads: cat 3 (.heic, .txt), dog 1 (.pdf)",
        f"{tmp_path}: passed over, in no class's folder: stray.png",
        f"{tmp_path}: passed over, no classes: __MACOSX",
        f"{tmp_path}: passed over, links that lead nowhere: gone",
    )
    assert warnings(images, images) == list(images.notes)
    splits = load_splits(tmp_path, validation=False)
    assert warnings(splits.train, None) == list(images.notes)


def test_classes_that_differ_in_case_alone_are_two_and_said(tmp_path: Path) -> None:
    classes(tmp_path, "Cat cat")
    images = ImageFolder(tmp_path)
    if len(images.classes) == 2:  # not where the file system makes no difference
        assert images.notes == (
            f"{tmp_path}: classes whose names differ only in upper and lower case: Cat, cat",
        )


# ---- damage is known before the first step -------------------------------------------------------


def test_unreadable_images_are_counted_before_training(tmp_path: Path) -> None:
    classes(tmp_path / "train")
    classes(tmp_path / "val")
    (tmp_path / "val/dog/x.jpg").write_bytes(b"")
    (note,) = load_splits(tmp_path).validation.notes
    assert re.fullmatch(
        r".*val: passed over, 1 of 5 images cannot be read: dog 1 \(\.jpg\); the first is "
        r".*/dog/x\.jpg: not an image that Pillow can read",
        note,
    )
    assert load_splits(tmp_path, validation=False).validation is None  # not looked at
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "train/cat/0.png")
    whole = (tmp_path / "train/cat/0.png").read_bytes()
    (tmp_path / "train/cat/0.png").write_bytes(whole[:1000])  # begins like an image
    (tmp_path / "train/cat/dead.png").symlink_to("nowhere")
    (tmp_path / "train/dog/text.jpeg").write_text("text")
    os.mkfifo(tmp_path / "train/dog/pipe.gif")
    images = load_splits(tmp_path).train
    message = (
        r".*train: passed over, 4 of 7 images cannot be read: cat 2 \(\.png\), dog 2 "
        r"\(\.gif, \.jpeg\); the first is .*cat/0\.png: cannot be decoded: .*"
    )
    assert re.fullmatch(message, images.notes[-1])
    assert [Path(name).name for name in images.names] == ["1.jpg", "0.png", "1.jpg"]
    assert [images.image(k).size for k in range(3)] == [(4, 3)] * 3
    (tmp_path / "train/cat/1.jpg").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"5 of 7 images cannot be read: cat 3 \(\.jpg, \.png\), dog 2"
    ):
        load_splits(tmp_path)  # a class has none left


def test_of_very_many_files_missing_and_empty_ones_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes(tmp_path)
    monkeypatch.setattr(damage, "HEADERS", 3)
    images = ImageFolder(tmp_path)
    damage.pass_over_damaged(images)
    assert len(images) == 4
    (tmp_path / "cat/0.png").write_bytes(b"")
    (tmp_path / "dog/1.jpg").unlink()
    message = r"2 of 4 images .* cat 1 \(\.png\), dog 1 \(\.jpg\); .*cat/0\.png: an empty file"
    damage.pass_over_damaged(images)
    assert re.search(message, images.notes[-1])


def test_of_many_files_those_that_begin_wrong_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their beginning alone is looked at: one that is cut off later is found by who decodes it."""
    classes(tmp_path)
    monkeypatch.setattr(damage, "DECODED", 3)
    (tmp_path / "cat/0.png").write_text("text")
    (tmp_path / "dog/0.png").write_bytes((tmp_path / "dog/0.png").read_bytes()[:50])
    images = ImageFolder(tmp_path)
    damage.pass_over_damaged(images)
    (note,) = images.notes
    assert re.search(r"1 of 4 images .* cat 1 \(\.png\); .*cat/0\.png: not an image", note)


def test_listed_files_that_are_missing_are_counted(tmp_path: Path) -> None:
    for name in ("a b.png", f"{NFD}.png", "inner/c.png"):
        save(tmp_path / name)
    text = f"a b.png 0\n{NFC}.png 1\ninner\\c.png 1\n"  # as macOS and Windows would write them
    (tmp_path / "train_list.txt").write_text(text, encoding="utf-16")
    images = ListImages(tmp_path / "train_list.txt")
    assert images.labels.tolist() == [0, 1, 1]
    assert [images.image(k).size for k in range(3)] == [(4, 3)] * 3
    (tmp_path / "val_list.txt").write_text("\na b.png 0\n\nx.png 1\nb.png 0\n")
    message = r"val_list\.txt: 2 of the 3 files it lists are missing, the first in line 4: .*x\.png"
    with pytest.raises(ValueError, match=message):
        load_splits(tmp_path)
    with pytest.raises(ValueError, match=message):
        load_evaluation(tmp_path, ("0", "1"))


@pytest.mark.parametrize("label", ["99999999999", "9" * 30, "9" * 5000])
def test_labels_beyond_all_classes_are_refused(label: str, tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text(f"a.png {label}\n")
    with pytest.raises(ValueError, match=r"train\.txt: line 1"):
        ListImages(tmp_path / "train.txt")


# ---- links ---------------------------------------------------------------------------------------


def test_links_that_loop_multiply_nothing(tmp_path: Path) -> None:
    classes(tmp_path / "set")
    cat = tmp_path / "set/cat"
    for link, to in {
        "self": ".", "up": "..", "out": "../..", "top": "/", "other": "../dog", "me": "me",
    }.items():  # fmt: skip
        (cat / link).symlink_to(to)
    save(cat / "z/inner.png")
    (cat / "a").symlink_to("z")  # comes first by name, but z is the real one
    (tmp_path / "set/dog/pool").symlink_to(tmp_path / "pool")
    save(tmp_path / "pool/deep/1.png")
    (tmp_path / "pool/back").symlink_to(tmp_path / "pool")
    images = ImageFolder(tmp_path / "set")
    found = [str(Path(name).relative_to(tmp_path / "set")) for name in images.names]
    assert found == [
        "cat/0.png", "cat/1.jpg", "cat/z/inner.png", "dog/0.png", "dog/1.jpg", "dog/pool/deep/1.png",
    ]  # fmt: skip
    assert len(list(image_files(tmp_path / "set"))) == 6


def test_the_order_is_that_of_a_walk(tmp_path: Path) -> None:
    """As before links were looked at: folders sorted by path, files in each by name."""
    for name in ("b/1.png", "b-c/1.png", "b/a/2.png", "a.png", "z.jpg", "b/a.png"):
        save(tmp_path / name)
    walked = [
        os.path.join(r, f) for r, _, files in sorted(os.walk(tmp_path)) for f in sorted(files)
    ]
    assert list(image_files(tmp_path)) == walked


def test_folders_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes(tmp_path)
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("cat"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(ValueError, match=r"cat: cannot be read: Permission denied"):
        ImageFolder(tmp_path)


def test_very_deep_folders(tmp_path: Path) -> None:
    deep = tmp_path / "cat" / "/".join("d" * 100)
    save(deep / "x.png")
    assert len(contents(tmp_path / "cat").images) == 1


# ---- names ---------------------------------------------------------------------------------------


def test_accents_written_in_two_ways_are_one_name(tmp_path: Path) -> None:
    save(tmp_path / "mac" / NFD / "0.png")
    save(tmp_path / "linux" / NFC / "0.png")
    for folder in ("mac", "linux"):
        assert ImageFolder(tmp_path / folder).classes == (NFC,)
        for name in (NFC, NFD):
            images = load_evaluation(tmp_path / folder, (name,))
            assert (len(images), images.labels.tolist()) == (1, [0])
    require_same_classes(tmp_path, (NFD, "b"), (NFC, "b"), ordered=True)
    save(tmp_path / "mac" / NFC / "0.png")
    if len(list((tmp_path / "mac").iterdir())) == 2:
        with pytest.raises(ValueError, match=r"two folders are called café, written 'cafe\\u0301'"):
            ImageFolder(tmp_path / "mac")


def test_names_that_are_no_utf8_are_written_out(tmp_path: Path) -> None:
    inside = os.fsencode(tmp_path) + b"/caf\xe9"
    try:
        os.mkdir(inside)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    name = os.fsdecode(inside + b"/\xff.png")
    with open(name, "wb") as file:
        Image.new("RGB", (2, 2)).save(file, "PNG")
    images = ImageFolder(tmp_path)
    assert images.classes == (r"caf\xe9",)
    assert images.image(0).size == (2, 2)
    assert (
        images.notes[0]
        .encode()
        .endswith(rb"are written caf\xe9; rename these folders for better ones")
    )
    assert len(load_evaluation(tmp_path, images.classes)) == 1
    with open(name, "wb"):
        pass
    with pytest.raises(ValueError, match=r"caf\\xe9/\\xff\.png: not an image") as caught:
        images.image(0)
    str(caught.value).encode()


# ---- some of the classes -------------------------------------------------------------------------


def test_some_of_the_classes_are_enough_where_that_is_asked_for(tmp_path: Path) -> None:
    classes(tmp_path, "cat owl")
    (tmp_path / "fox").mkdir()
    names = ("owl", "dog", "cat", "fox")
    images = load_evaluation(tmp_path, names, some=True)
    assert images.classes == names
    np.testing.assert_array_equal(images.labels, [0, 0, 2, 2])
    assert [Path(name).parent.name for name in images.names] == ["owl", "owl", "cat", "cat"]
    with pytest.raises(ValueError, match="unexpected owl"):
        load_evaluation(tmp_path, ("cat", "dog", "fox"), some=True)


def test_weights_whose_names_are_written_otherwise_keep_their_classifier() -> None:
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=2)
    how = Preprocessing.imagenet(32)
    model = Model(plan, nm.init(plan, 0), ("b", NFD), how)
    assert "the classifier kept" in transferred(plan, model, ("b", NFC), seed=1)[1]
    assert "new for 2 classes" in transferred(plan, model, (NFC, "b"), seed=1)[1]
