"""One line from an image to named classes: whatever the image is, and whatever it is not."""

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

import npmobilenet as nm
from npmobilenet.data import PICTURES, fashion_mnist_arrays
from npmobilenet.images.preprocessing import Preprocessing, open_image, prepare
from npmobilenet.predicting import prediction, predictor
from npmobilenet.predicting.prediction import predictions
from npmobilenet.weights import Model, by_name

pytestmark = pytest.mark.usefixtures("one_thread")
NAMES = ("ash", "birch", "cedar", "dogwood")
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (40, 48, 3), np.uint8)
GREY = RNG.integers(0, 256, (40, 48), np.uint8)


def model_of(channels: int = 3, classes: tuple[str, ...] = NAMES) -> Model:
    """A small network whose classes differ on noise; without classes one without a classifier."""
    top = {"classes": len(classes)} if classes else {"include_top": False}
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, channels=channels, **top)
    params = nm.init(plan, seed=0)
    if classes:
        params["classifier.weight"] *= 30
    how = Preprocessing(
        resolution=(32, 32), resize=36, channels=channels, mean=(0.4,) * channels,
        std=(0.2,) * channels,
    )  # fmt: skip
    return Model(plan, params, classes, how)


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of()


def by_hand(model: Model, image: Image.Image) -> np.ndarray:
    """Probabilities by the reference executor."""
    x = prepare(image, model.preprocessing)[None]
    return nm.softmax(nm.infer(model.plan, model.params, x, rung="numpy"))[0]


def same(found: Any, p: np.ndarray) -> bool:
    return bool(np.allclose(found.probabilities, p, atol=1e-5))


def test_every_form_of_an_image_is_the_same_image(model: Model, tmp_path: Path) -> None:
    """File, name of it, Pillow image, and arrays of every kind: one prediction, the reference's."""
    file = tmp_path / "x.png"
    image = Image.fromarray(RGB)
    image.save(file)
    opaque = np.dstack([RGB, np.full((40, 48), 255, np.uint8)])
    between = np.minimum(RGB.astype(np.uint32) * 257 + 100, 65535).astype(np.uint16)  # is rounded
    forms = [
        file, str(file), image, RGB, RGB[:, :, ::-1].copy()[:, :, ::-1], np.asfortranarray(RGB),
        RGB / 255, (RGB / 255).astype(np.float32), RGB.astype(np.uint16) * 257, between,
        RGB.astype(">u2") * 257, opaque, Image.fromarray(opaque),
    ]  # fmt: skip
    right = by_hand(model, image)
    for form in forms:
        assert same(model(form), right), type(form)
    assert [same(found, right) for found in model(forms)] == [True] * len(forms)
    assert [same(found, right) for found in nm.predict(model, np.stack([RGB] * 9))] == [True] * 9
    assert not same(model(RGB[:, :, ::-1]), right)  # BGR is another image
    assert model([]) == model(()) == []


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_meet_any_network(channels: int) -> None:
    network = model_of(channels)
    right = by_hand(network, Image.fromarray(GREY))
    for form in (GREY, GREY[:, :, None], Image.fromarray(GREY), GREY / 255, np.dstack([GREY] * 3)):
        assert same(network(form), right)


def test_transparent_pixels_are_white_and_cameras_are_held_upright(
    model: Model, tmp_path: Path
) -> None:
    """As in files: EXIF's orientation is heeded in a Pillow image too."""
    clear = np.dstack([RGB, np.zeros((40, 48), np.uint8)])
    assert same(model(clear), by_hand(model, Image.new("RGB", (48, 40), "white")))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "turned.png", exif=exif)
    right = by_hand(model, ImageOps.exif_transpose(Image.open(tmp_path / "turned.png")))
    assert same(model(tmp_path / "turned.png"), right)
    with Image.open(tmp_path / "turned.png") as opened:
        assert same(model(opened), right)
    assert not same(model(RGB), right)


WRONG = {
    "nothing": (None, r"must be a path, a Pillow image, or an array .*; found NoneType"),
    "number": (3, "found int"),
    "bytes": (b"\x89PNG", "found bytes"),
    "text": ("nowhere.png", "nowhere.png: no such file"),
    "channels first": (RGB.transpose(2, 0, 1), r"found \(3, 40, 48\): channels come last"),
    "a batch of grey": (np.stack([GREY] * 5), r"several grey images are \(N, H, W, 1\)"),
    "two channels": (RGB[:, :, :2], r"found \(40, 48, 2\)"),
    "empty": (RGB[:0], r"found \(0, 48, 3\)"),
    "one number": (np.uint8(3) + np.zeros((), np.uint8), r"found numpy.uint8|found \(\)"),
    "a row": (RGB[0, 0], r"found \(3,\)"),
    "0 to 255": (RGB.astype(np.float32), r"found 0 to 255; divide by 255"),
    "normalised": (RGB / 127.5 - 1, "normalised already is for `nm.infer`"),
    "NaN": (np.full((4, 4), np.nan), "found nan to nan"),
    "infinite": (np.full((4, 4), np.inf), "found inf to inf"),
    "int64": (RGB.astype(np.int64), r"uint8 \(0 to 255\), .*found int64"),
    "bool": (GREY > 3, "found bool"),
    "complex": (GREY * 1j, "found complex128"),
    "object": (GREY.astype(object), "found object"),
    "words": (np.full((4, 4), "x"), "found <U1"),
}


def test_a_damaged_pillow_image_is_named(model: Model, tmp_path: Path) -> None:
    """Pillow decodes late: what is broken is found when it is asked for its pixels."""
    Image.fromarray(RGB).save(tmp_path / "x.png")
    whole = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(whole[: len(whole) // 2])
    with (
        Image.open(tmp_path / "x.png") as broken,
        pytest.raises(ValueError, match=r"^images\[1\]: the image cannot be decoded: "),
    ):
        nm.predict(model, [RGB, broken])
    with pytest.raises(ValueError, match=r"x\.png: cannot be decoded"):
        nm.predict(model, tmp_path / "x.png")


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_image_is_named(what: str, model: Model) -> None:
    """In one line; among others with its index."""
    wrong, reason = WRONG[what]
    with pytest.raises(ValueError, match=reason) as caught:
        nm.predict(model, wrong)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^images\[2\]: .*" + reason.lstrip("^")):
        nm.predict(model, [RGB, GREY, wrong, None])


def test_a_bad_image_stands_in_its_place(model: Model) -> None:
    """More than a batch, so that order is more than chance."""
    images = [RGB if k % 4 else None for k in range(30)]
    found = list(predictions(model, images))
    assert [isinstance(one, ValueError) for one in found] == [k % 4 == 0 for k in range(30)]
    right = by_hand(model, Image.fromarray(RGB))
    assert all(same(one, right) for one in found if not isinstance(one, ValueError))


def test_no_more_is_read_than_is_needed(model: Model) -> None:
    """A stream can be named while it comes: a few batches ahead, no more."""
    taken = 0

    def frames() -> Any:
        nonlocal taken
        while taken < 1000:
            taken += 1
            yield RGB

    stream = predictions(model, frames())
    next(stream)
    stream.close()
    assert taken <= 4 * predictor.BATCH


def test_what_is_said(model: Model) -> None:
    found = nm.predict(model, RGB, top=2)
    p = by_hand(model, Image.fromarray(RGB))
    first, second = np.argsort(-p)[:2]
    assert [name for name, _ in found.top] == [NAMES[first], NAMES[second]]
    assert (found.name, found.top[0].name) == (NAMES[first],) * 2
    assert found.probability == pytest.approx(p[first], abs=1e-5)
    assert found.second == pytest.approx(p[second], abs=1e-5)
    assert repr(found).startswith(f"Prediction({NAMES[first]} {p[first]:.2%}, {NAMES[second]} ")
    assert len(nm.predict(model, RGB, top=99).top) == 4
    sure, unsure = (prediction._ranked(NAMES, np.array(q), 5) for q in ([0.7, 0.3], [0.69, 0.31]))
    assert (sure.uncertain, unsure.uncertain) == (False, True)
    assert (unsure.name, unsure.second) == ("ash", 0.31)
    assert "uncertain" in repr(unsure)
    assert "uncertain" not in repr(sure)
    assert prediction._ranked(("one",), np.array([1.0]), 5).second == 0
    with pytest.raises(ValueError, match="read-only"):
        found.probabilities[0] = 1


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda m: nm.predict(m, RGB, top=0), "top must be a positive integer, found 0"),
        (lambda m: m(RGB, top=True), "found True"),
        (lambda m: m(RGB, top=2.0), "found 2.0"),
        (lambda m: nm.predict(m.plan, RGB), "model must be a Model, a name or a file, found Plan"),
        (lambda m: nm.predict("nothing", RGB), "nothing: no such weight file"),
        (lambda m: nm.predict("keras/mobilenet_0.26_224", RGB), "nearest names are keras/mobile"),
        (lambda m: model_of(classes=())(RGB), "no classifier"),
    ],
)
def test_slips_are_one_line(call: Callable[[Model], Any], reason: str, model: Model) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        call(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_arrays_may_have_as_many_pixels_as_files(dtype: Any, model: Model) -> None:
    """One byte in memory, a million times a million in its shape: nothing is made of it."""
    for shape in ((10**6, 10**6), (10**6, 10**6, 3)):
        with pytest.raises(
            ValueError, match=r"at most 178,956,970 pixels, found \(1000000, 1000000"
        ):
            nm.predict(model, np.broadcast_to(dtype(1), shape))


def test_numbers_that_are_none_are_no_prediction() -> None:
    model = model_of()
    model.params["classifier.bias"][1] = np.nan
    with pytest.raises(ValueError, match="1 of 4 logits are not finite"):
        model(RGB)


def test_the_network_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From any thread; anew for changed weights, in place too; copies and pickles make their own."""
    made: list[Model] = []
    real = predictor.predictor

    def counted(model: Model, *rest: Any) -> Any:
        made.append(model)
        return real(model, *rest)

    monkeypatch.setattr(predictor, "predictor", counted)
    model = model_of()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(model, [RGB, GREY] * 8))
    assert len(made) == 1
    assert all(found[k] == found[k % 2] for k in range(16))
    model.params["classifier.bias"][2] += 20
    assert model(RGB).name == "cedar"
    assert same(model(RGB), by_hand(model, Image.fromarray(RGB)))
    assert len(made) == 2
    for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model)),
                  replace(model, params=dict(model.params))):  # fmt: skip
        before = len(made)
        assert other(RGB) == model(RGB)
        assert len(made) == before + (other.ready is not model.ready)
    assert copy.deepcopy(model).ready is not model.ready


def test_without_numba_it_is_named_too(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    from npmobilenet.ops import rungs

    right = model(RGB)
    monkeypatch.setattr(predictor, "default_rung", lambda: "numpy")
    monkeypatch.setattr(rungs, "default_rung", lambda: "numpy")
    assert same(replace(model, notes={})(RGB), right.probabilities)


def test_double_precision_and_the_plain_executor_agree(model: Model) -> None:
    wide = replace(model, params={k: v.astype(np.float64) for k, v in model.params.items()})
    (plain,) = predictions(model, [RGB], engine="reference")
    assert same(wide(RGB), model(RGB).probabilities)
    assert same(plain, model(RGB).probabilities)


def test_a_name_is_read_once_and_anew_when_its_file_is_another(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = by_name.read_weights
    monkeypatch.setattr(by_name, "read_weights", lambda w: (read.append(w), real(w))[1])
    file = tmp_path / "best.safetensors"
    nm.save(model, file)
    assert nm.predict(file, RGB) == nm.predict(file, RGB) == model(RGB)
    assert len(read) == 1
    other = replace(model, classes=NAMES[::-1])
    nm.save(other, file)
    assert nm.predict(str(file), RGB) == other(RGB)
    assert nm.predict(tmp_path, RGB) == other(RGB)  # the run's folder


def test_shipped_pictures_are_named_from_anywhere(tmp_path: Path, monkeypatch: Any) -> None:
    """The garment rightly; the cat, to a model that knows flowers, with doubt.  A file comes first."""
    monkeypatch.chdir(tmp_path)
    clothes = nm.load("fashion-mnist")
    boot = clothes("ankle-boot")
    assert (boot.name, boot.uncertain) == ("Ankle boot", False)
    assert nm.predict("flowers", "chelsea").uncertain
    pixels = np.asarray(open_image(PICTURES["ankle-boot"], 1))
    arrays = fashion_mnist_arrays()
    assert (pixels == arrays.test_images[0]).all()
    assert nm.data.FASHION_CLASSES[arrays.test_labels[0]] == boot.name
    Image.fromarray(255 - pixels).save(tmp_path / "ankle-boot", "PNG")
    assert clothes("ankle-boot") != boot
