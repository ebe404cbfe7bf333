"""Learning from teachers: what they say of the images, and runs that learn it."""

from pathlib import Path

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet import cli
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.images.augment import Augment
from npmobilenet.images.mixing import mixed
from npmobilenet.images.preprocessing import Preprocessing, prepare
from npmobilenet.pretrained.ship import _public
from npmobilenet.training.config import Config, Distillation
from npmobilenet.training.distillation import targets
from npmobilenet.training.prepare import prepare_run
from npmobilenet.training.report.card import Story
from npmobilenet.weights import Model, load, save
from tests.datasets.test_data import idx_folder
from tests.training.runs import HOW, NAMES, TRAINING, assert_same, pictures, run

pytestmark = pytest.mark.usefixtures("one_thread")

LARGE = Preprocessing(resolution=(16, 12), resize=None, channels=3, mean=(0.4,) * 3, std=(0.2,) * 3)
ONE_HOT = np.eye(3, dtype=np.float32)[TRAINING.labels]


def teacher(seed: int, how: Preprocessing = HOW) -> Model:
    """A network with an opinion: its classifier is not 0."""
    plan = nm.plan("v1-shallow", width=0.1, resolution=how.resolution, classes=3, dialect="cifar")
    return Model(plan, nm.init(plan, seed), NAMES, how)


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_targets_are_labels_and_the_mean_of_what_teachers_say(share: float, mirrored: bool) -> None:
    """Written out: each teacher sees the images in its own size, and their mirror images."""
    data, teachers = pictures(10, 4), {"one": teacher(1), "other": teacher(2, LARGE)}
    found = targets(data, teachers, share, mirrored=mirrored)
    said = []
    for one in teachers.values():
        for image in (data.images, data.images[:, :, ::-1])[: 1 + mirrored]:
            turned = ArrayImages(image.copy(), data.labels, NAMES)
            x = np.stack([prepare(turned.image(k), one.preprocessing) for k in range(10)])
            said.append(nm.softmax(nm.infer(one.plan, one.params, x)))
    expected = (1 - share) * np.eye(3)[data.labels] + share * np.mean(said, axis=0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(np.mean(said, axis=0) - 1 / 3).max() > 1e-3  # they do say something


def test_a_teacher_of_other_classes_is_refused() -> None:
    with pytest.raises(
        ValueError,
        match="teachers: runs/trees knows the classes ash, birch, çedar; the data has a, b",
    ):
        targets(
            ArrayImages(TRAINING.images, TRAINING.labels % 2, ("a", "b")),
            {"runs/trees": teacher(1)},
            0.5,
            mirrored=False,
        )


def test_a_teacher_of_other_classes_is_refused_before_anything_is_compiled(tmp_path: Path) -> None:
    data = {"path": str(idx_folder(tmp_path / "fashion", n=60)), "validation": "none"}
    with pytest.raises(ValueError, match=r"teachers: flowers knows the classes .*; the data has"):
        prepare_run({"data": data, "distillation": {"teachers": ["flowers"]}})


def test_targets_reach_the_image_they_are_of(tmp_path: Path) -> None:
    """Whatever the order of the epochs: one-hot targets are the labels, to the last bit."""
    run(tmp_path / "labels")
    run(tmp_path / "targets", targets=ONE_HOT)
    one, other = (load(tmp_path / name / "last.safetensors") for name in ("labels", "targets"))
    assert_same(one, other)


@pytest.mark.parametrize("how", [Augment(mixup=0.4), Augment(cutmix=1.0)])
def test_targets_are_mixed_as_labels_are(how: Augment) -> None:
    x = np.random.default_rng(0).random((8, 8, 8, 3), np.float32)
    a, b = (
        mixed(x, learnt, 3, how, np.random.default_rng(1))
        for learnt in (TRAINING.labels[:8], ONE_HOT[:8])
    )
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])


def test_targets_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"targets must be \(80, 3\), found \(79, 3\)"):
        run(tmp_path, targets=ONE_HOT[1:])


def test_a_share_is_a_share() -> None:
    with pytest.raises(
        ValueError, match=r"distillation\.share must be above 0 and at most 1, found"
    ):
        Config.from_document({"distillation": {"share": 1.5}})


@pytest.fixture
def clothes(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder with a run that can teach, and the words that made it."""
    data = idx_folder(tmp_path / "fashion", n=60)
    small = ["train", str(data), "--model", "v1-shallow", "--width", "0.1", "--resolution", "16"]
    small += ["--dialect", "cifar", "--validation", "none", "--batch", "20", "--lr", "0.1"]
    assert cli.main([*small, "--epochs", "1", "--output", str(tmp_path / "teacher")]) == 0
    return tmp_path, small


def test_a_run_learns_from_teachers_and_goes_on(clothes: tuple[Path, list[str]]) -> None:
    """From the command line; resumed, it asks the teachers again and ends with the same bits."""
    folder, small = clothes
    small += ["--schedule", "constant"]
    taught = [*small, "--teacher", f"{folder}/teacher"]
    for name, words in (
        ("labels", [*small, "--epochs", "2"]),
        ("straight", [*taught, "--epochs", "2"]),
        ("again", [*taught, "--epochs", "1"]),
        ("again", ["train", "--resume", "--epochs", "2"]),
    ):
        assert cli.main([*words, "--output", str(folder / name)]) == 0
    labels, straight, again = (
        load(folder / name / "last.safetensors") for name in ("labels", "straight", "again")
    )
    assert_same(straight, again)
    assert any((straight.params[name] != labels.params[name]).any() for name in labels.params)


def test_a_teacher_is_not_erased_by_the_run_that_asks_it(
    clothes: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, small = clothes
    own = str(folder / "teacher")
    weights = (folder / "teacher/best.safetensors").read_bytes()
    for name in (own, f"{own}/best.safetensors", f"{own}/../teacher"):
        assert cli.main([*small, "--teacher", name, "--output", own, "--anew"]) == 1
        assert f"--anew would erase the teacher {name}" in capsys.readouterr().err
    assert (folder / "teacher/best.safetensors").read_bytes() == weights


def test_cards_do_not_tell_where_teachers_lay(clothes: tuple[Path, list[str]]) -> None:
    folder, small = clothes
    small += ["--teacher", f"{folder}/teacher", "--teacher", f"{folder}/teacher"]
    assert cli.main([*small, "--epochs", "1", "--output", str(folder / "pupil")]) == 0
    told = _public(Story.of(folder / "pupil")).config.distillation
    assert told == Distillation(teachers=("runs/teacher",) * 2)


def test_runs_older_than_a_setting_can_be_resumed(tmp_path: Path) -> None:
    """Their configuration lacks its section; that means its default."""
    run(tmp_path)
    for path in tmp_path.glob("*.safetensors"):
        model = load(path)
        del model.notes["config"]["distillation"]
        save(model, path)
    assert len(run(tmp_path, resume=True)) == 3
