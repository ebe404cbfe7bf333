"""Weight files: what is saved comes back to the bit, and what is no such file says so in one line."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import npmobilenet as nm
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.layers import Activation, BatchNorm, Depthwise
from npmobilenet.weights import Model, load, save

PLAN = nm.plan("v1", width=0.1, resolution=(8, 9), classes=2, dialect="cifar", channels=1)
HOW = Preprocessing(resolution=(8, 9), resize=None, channels=1, mean=(0.5,), std=(0.25,))


def model(dtype: type = np.float32) -> Model:
    params = nm.init(PLAN, 3, dtype)
    params["stem_norm.mean"][0] = np.nan  # even this comes back as it is
    params["stem_norm.mean"][1] = -0.0
    extra = {"velocity/stem.weight": np.ones((3, 3), dtype), "steps": np.array([7])}
    notes = {"settings": {"lr": 0.1}, "history": [1, None, "é"]}
    return Model(PLAN, params, ("été", "[b]winter[/b]"), HOW, extra, notes)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_comes_back_to_the_bit(dtype: type, tmp_path: Path) -> None:
    """Params in the plan's order, optimiser state, names, preprocessing and notes; layout aside."""
    kept, file = model(dtype), tmp_path / "a.safetensors"
    scattered = {n: np.asfortranarray(v) for n, v in reversed(kept.params.items())}
    save(replace(kept, params=scattered), file)
    found = load(file)
    assert list(found.params) == list(PLAN.arrays) == list(nm.init(PLAN, 0))
    for some, other in ((found.params, kept.params), (found.extra, kept.extra)):
        assert some.keys() == other.keys()
        for name, value in other.items():
            assert some[name].dtype == value.dtype
            assert some[name].shape == value.shape
            assert some[name].tobytes() == value.tobytes(), name
    assert (found.plan, found.classes, found.preprocessing) == (PLAN, kept.classes, HOW)
    assert found.notes == kept.notes
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_folder_stands_for_its_best(tmp_path: Path) -> None:
    save(model(), tmp_path / "best.safetensors")
    assert load(tmp_path).plan == PLAN


def test_a_dialect_of_ones_own_comes_back(tmp_path: Path) -> None:
    """A file needs no registry: switches are stored, not only the name."""
    dialect = nm.Dialect(name="mine", activation="hard_swish", bn_eps=0.01, dropout=0.25)
    plan = nm.plan("v1", width=0.1, resolution=(8, 9), classes=2, dialect=dialect, channels=1)
    save(Model(plan, nm.init(plan, 0), ("a", "b"), HOW), tmp_path / "best.safetensors")
    assert load(tmp_path).plan == plan


def parts(file: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    with safe_open(file, framework="numpy") as opened:
        return {n: opened.get_tensor(n) for n in opened.keys()}, opened.metadata()  # noqa: SIM118


def rewritten(change: Callable[[dict, dict], object]) -> Callable[[Path], object]:
    def spoil(file: Path) -> None:
        tensors, metadata = parts(file)
        change(tensors, metadata)
        save_file(tensors, file, metadata)

    return spoil


def unsealed(change: Callable[[dict], object]) -> Callable[[Path], object]:
    """Without the checksum, which would notice first what the checks behind it are asked to notice."""
    return rewritten(lambda tensors, metadata: (change(tensors), metadata.pop("sha256")))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing file": (Path.unlink, "no such weight file"),
    "cut off": (lambda f: f.write_bytes(f.read_bytes()[:-100]), "not a readable safetensors file"),
    "cut early": (lambda f: f.write_bytes(f.read_bytes()[:5]), "not a readable safetensors file"),
    "empty": (lambda f: f.write_bytes(b""), "not a readable safetensors file"),
    "a picture": (lambda f: f.write_bytes(b"\x89PNG" * 50), "not a readable safetensors file"),
    "foreign": (lambda f: save_file({"a": np.ones(3)}, f), "not written by npmobilenet"),
    "another format": (
        rewritten(lambda t, m: m.update(format="npmobilenet 3")),
        "not written by npmobilenet",
    ),
    "missing tensor": (unsealed(lambda t: t.pop("stem.weight")), "missing stem.weight"),
    "unexpected tensor": (unsealed(lambda t: t.update(a=np.ones(1))), "unexpected a"),
    "other shape": (
        unsealed(lambda t: t.update({"stem.weight": np.ones((1, 2), np.float32)})),
        "stem.weight must be",
    ),
    "one number changed": (
        rewritten(lambda t, m: t["stem.weight"].__setitem__(0, 1.5)),
        "the arrays are not those that were saved",
    ),
    "no class names": (rewritten(lambda t, m: m.pop("classes")), "classes"),
    "wrong class count": (rewritten(lambda t, m: m.update(classes='["a"]')), "2 classes, 1 names"),
    "broken JSON": (rewritten(lambda t, m: m.update(plan="{")), ""),
    "unknown model": (
        rewritten(lambda t, m: m.update(plan=m["plan"].replace('"model": "v1"', '"model": "v7"'))),
        "model must be one of",
    ),
    "unknown switch": (
        rewritten(lambda t, m: m.update(plan=m["plan"].replace("bn_eps", "epsilon"))),
        "epsilon",
    ),
    "other preprocessing": (
        rewritten(lambda t, m: m.update(preprocessing=m["preprocessing"].replace("[8, 9]", "[8, 8]"))),
        "the network's (8, 9) pixels",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_file_says_what_is_wrong(case: str, tmp_path: Path) -> None:
    """A ValueError of one line that begins with the file's name."""
    spoil, words = SPOILT[case]
    file = tmp_path / "best.safetensors"
    save(model(), file)
    spoil(file)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (its words are compared below)
        load(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert words in message
    assert len(message.splitlines()) == 1
    with pytest.raises(ValueError, match="no such weight file"):
        load(tmp_path / "nowhere")


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    from npmobilenet.disk import write_whole

    for path in (tmp_path, tmp_path / "nowhere" / "file"):
        with pytest.raises(OSError, match=f"{path}: cannot be written"):
            write_whole(path, b"content")


def test_layers_that_somebody_wrote_are_not_lost_silently(tmp_path: Path) -> None:
    """A file holds the arguments of a plan: with layers of another kind it would be another network."""
    plan = nm.plan("v1", resolution=32, classes=3, width=0.25)
    how = Preprocessing.imagenet(32)
    for kind, change in (
        (Activation, {"function": "swish"}), (BatchNorm, {"eps": 1.0}), (Depthwise, {"padding": 1}),
    ):  # fmt: skip
        layers = list(plan.layers)
        at = next(k for k, layer in enumerate(layers) if isinstance(layer, kind))
        layers[at] = replace(layers[at], **change)
        other = replace(plan, layers=tuple(layers))
        model = Model(other, nm.init(other, 0), ("a", "b", "c"), how)
        with pytest.raises(ValueError, match=rf"does not make {layers[at].name} of this one"):
            save(model, tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())
    named = replace(plan, model="unheard of")
    with pytest.raises(
        ValueError, match=r"a\.safetensors: a file cannot hold this network: .*unheard"
    ):
        save(Model(named, nm.init(named, 0), ("a", "b", "c"), how), tmp_path / "a.safetensors")


def test_what_was_changed_since_is_looked_at_again(tmp_path: Path) -> None:
    kept = model()
    kept.params["stem.weight"] = kept.params["stem.weight"][:1]
    with pytest.raises(ValueError, match=r"params do not fit v1: stem\.weight must be"):
        save(kept, tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_what_a_file_cannot_hold_is_no_part_of_a_model(tmp_path: Path) -> None:
    kept = model()
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for change, message in (
        ({"extra": {"a": np.ones(2, complex)}}, "extra: a must be numbers of at most 64 bits"),
        ({"extra": {"a": np.array(["x"])}}, "extra"), ({"extra": {"a": np.array([None])}}, "extra"),
        ({"extra": {"a": np.zeros(1, "M8[s]")}}, "extra"), ({"extra": {"a": np.ones(1, "g")}}, "extra"),
        ({"extra": {"a\ud800": np.ones(1)}}, "extra: .*is no text that UTF-8"),
        ({"notes": {"a": "\ud800"}}, "notes must be what JSON can say"),
        ({"notes": {"a": deep}}, "notes must be what JSON can say"),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError), match=f"^{message}"):
            replace(kept, **change)  # type: ignore[arg-type]
    halved = replace(kept, classes=("a", "b\ud800"))  # from a folder; its pages show it
    with pytest.raises(ValueError, match=r"a\.safetensors: classes: 'b.*is no text that UTF-8"):
        save(halved, tmp_path / "a.safetensors")
    numbers = {"a": np.array(3.5), "b": np.zeros((0, 2), np.float32), "c": np.array([True])}
    save(replace(kept, extra=numbers), tmp_path / "a.safetensors")
    found = load(tmp_path / "a.safetensors").extra
    assert [(v.shape, v.dtype) for v in found.values()] == [
        (v.shape, v.dtype) for v in numbers.values()
    ]
