"""What families do differently: known counts of each, and every switch's right and wrong values."""

import json
import re
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet import cli
from npmobilenet.models.dialect import VERSIONS, ByVersion, by_version

pytestmark = pytest.mark.usefixtures("one_thread")

REDUCED = replace(nm.TORCHVISION, name="reduced", reduced_tail=True)
# model, dialect, other arguments of plan -> multiply-accumulates and trainable parameters; the counts
# are the frameworks' own, or layer sums over their code
COUNTS: list[tuple[str, str | nm.Dialect, dict[str, Any], int | None, int]] = [
    ("v1", "paper", {}, 568_740_352, 4_231_976),
    ("v1", "tutorial-a", {}, 39_954_767_872, 4_221_032),
    ("v1", "tutorial-a", {"classes": 5}, None, 3_201_157),
    ("v1", "tutorial-a-repaired", {}, 568_740_352, 4_231_976),
    ("v1", "tutorial-d", {}, 46_354_432, 3_217_226),
    ("v1", "cifar", {}, 46_354_432, 3_217_226),
    ("v1", "timm-h", {}, None, 5_282_600),
    ("v1", "keras", {"width": 0.25}, 41_030_272, 470_072),
    ("v1", "keras", {"include_top": False}, 567_716_352, 3_206_976),
    ("v2", "paper", {}, 300_774_272, 3_504_872),
    ("v2", "paper", {"width": 0.35}, 59_285_808, 1_677_128),
    ("v2", "tutorial-e", {"width": 1.4}, None, 6_108_776),
    ("v2", "torchvision", {"width": 0.25}, None, 1_519_112),
    ("v2", "paddle", {}, 313_619_328, 3_505_960),
    ("v2", "paddle", {"width": 2.0}, 1_188_808_448, 11_262_312),
    ("v2", "tutorial-c", {"width": 0.75}, 204_986_592, 2_238_984),
    ("v3-large", "paper", {}, 216_589_760, 5_483_032),
    ("v3-large", "keras", {"width": 0.75}, None, 3_993_528),
    ("v3-large", "timm", {"width": 0.75}, None, 3_993_528),
    ("v3-large", "torchvision", {"width": 0.75}, None, 3_377_576),
    ("v3-large", "paddle", {"width": 0.75}, 143_780_440, 3_912_248),
    ("v3-large", "tutorial-b", {}, 219_799_200, 5_480_206),
    ("v3-large", "timm-rw", {}, None, 5_479_918),
    ("v3-large", REDUCED, {}, None, 2_569_352),
    ("v3-large-minimalistic", "timm-tf", {}, None, 3_924_288),
    ("v3-small", "paper", {}, 56_510_400, 2_542_856),
    ("v3-small", "paddle", {}, 60_119_520, 2_939_958),
    ("v3-small", "timm", {"width": 0.5}, None, 1_593_224),
    ("v3-small", "tf-slim", {"width": 0.75, "classes": 1000}, 43_399_344, 2_041_872),
    ("v3-small", REDUCED, {}, None, 1_099_672),
    ("v3-small-minimalistic", "timm-tf", {}, None, 2_044_736),
]


@pytest.mark.parametrize(("model", "dialect", "asked", "macs", "trainable"), COUNTS)
def test_counts(model: str, dialect: Any, asked: Any, macs: int | None, trainable: int) -> None:
    """Multiply-accumulates where known, and trainable parameters, to the last one."""
    counted = nm.cost(nm.plan(model, dialect=dialect, **asked))
    assert counted.params.trainable == trainable
    assert macs in (None, counted.macs)


def test_counts_are_of_every_dialect() -> None:
    assert {dialect for _, dialect, *_ in COUNTS if isinstance(dialect, str)} == nm.DIALECTS.keys()


@pytest.mark.parametrize(("model", "total"), [("v3-large", 2_996_352), ("v3-small", 939_120)])
def test_keras_without_the_top(model: str, total: int) -> None:
    """With the running statistics, as Keras counts."""
    plan = nm.plan(model, dialect="keras", include_top=False)
    assert nm.cost(plan).params.total == total


# tutorial c prints this of its V2 at width 0.75: channels x size, parameters
TUTORIAL_C = [(112, 24, 744), (112, 16, 760), (56, 24, 5568), (56, 24, 9456)]
TUTORIAL_C += [(28, 24, 9456)] * 3 + [(14, 48, 13008)] + [(14, 48, 32736)] * 3
TUTORIAL_C += [(14, 72, 39744)] + [(14, 72, 69840)] * 2 + [(7, 120, 90768)]
TUTORIAL_C += [(7, 120, 185520)] * 2 + [(7, 240, 272400), (7, 960, 234240)]
TUTORIAL_C += [(0, 960, 0), (0, 960, 0), (0, 1000, 961000)]


@pytest.mark.parametrize("by", ["summary", "command line"])
def test_tutorial_c_row_for_row(by: str, capsys: pytest.CaptureFixture[str]) -> None:
    """22 rows, each with its output shape and parameters, and the three totals."""
    text = nm.plan("v2", width=0.75, dialect="tutorial-c").summary()
    if by == "command line":
        assert cli.main(["summary", "v2", "--dialect", "tutorial-c", "--width", "0.75"]) == 0
        text = capsys.readouterr().out
    cells = re.findall(r"^ *[\w.]+ +\w+ +(\d[\d x]*?) {2,}[\d,]+ +([\d,]+) *$", text, re.MULTILINE)
    shapes = [f"{s} x {s} x {c}" if s else str(c) for s, c, _ in TUTORIAL_C]
    expected = [(s, f"{row[2]:,}") for s, row in zip(shapes, TUTORIAL_C, strict=True)]
    assert cells == expected
    totals = [int(n.replace(",", "")) for n in re.findall(r"params: ([\d,]+)", text)]
    assert totals == [2_264_984, 2_238_984, 26_000]


def test_summary_by_layer_has_the_same_totals() -> None:
    """One row for each layer, or one for each block: the parameters add up to the same."""
    plan = nm.plan("v3-small")
    for layers, names in (
        (True, [x.name for x in plan.layers]),
        (False, [x.block for x in plan.layers]),
    ):
        lines = plan.summary(layers=layers).splitlines()
        rows = [words for line in lines if (words := line.split()) and words[0] in names]
        assert [words[0] for words in rows] == list(dict.fromkeys(names))
        assert sum(int(words[-1].replace(",", "")) for words in rows) == 2_554_968


WRONG = {
    "padding": ("sam", "valid"),
    "activation": ("elu", None),
    "rounding": ("ceil", None),
    "block_rounding": ("ceil",),
    "stem": ("thin",),
    "expansion": ("6",),
    "squeeze": ("half",),
    "squeeze_activation": ("elu",),
    "last": ("first",),
    "head": ("sometimes", True),
    "dropout_mode": ("upscale",),
    "dropout": (1.0, -0.1, float("nan")),
    "bn_eps": (0.0, -1e-5, float("nan")),
    "bn_momentum": (0, float("nan")),
    "gate_slope": (0.0,),
    "versions": (("v1", "v4"),),
}


@pytest.mark.parametrize(
    ("switch", "value"), [(s, v) for s, values in WRONG.items() for v in values]
)
def test_a_wrong_switch_is_named(switch: str, value: Any) -> None:
    """In one line, also where the wrong value is that of one version alone."""
    given = [value]
    if switch != "versions":
        right = getattr(nm.PAPER.at("v1"), switch)
        given += [
            by_version(**(dict.fromkeys(VERSIONS, right) | {version: value}))
            for version in VERSIONS
        ]
    for wrong in given:
        with pytest.raises(ValueError, match=rf"^{switch} must be .*found ") as caught:
            nm.Dialect(name="own", **{switch: wrong})
        assert "\n" not in str(caught.value)


def test_a_quarter_is_taken_in_three_ways() -> None:
    """Of squeeze-and-excite's channels; with multiples of 8 two of the ways would be one."""
    quarters: dict[str, list[int]] = {}
    for way in ("floor", "round", "divisible"):
        plan = nm.plan(
            "v3-small", width=0.3, divisor=2, dialect=nm.Dialect(name="own", squeeze=way)
        )
        inner = [layer for layer in plan.layers if layer.name.endswith(".squeeze")]
        channels = [layer.input[0] for layer in inner]
        quarters[way] = [layer.output[0] for layer in inner]
    assert channels == [6, 32, 72, 72, 36, 42, 84, 168, 168]
    assert quarters["floor"] == [1, 8, 18, 18, 9, 10, 21, 42, 42]
    assert quarters["round"] == [2, 8, 18, 18, 9, 10, 21, 42, 42]
    assert quarters["divisible"] == [2, 8, 18, 18, 10, 10, 22, 42, 42]


@pytest.mark.parametrize("model", nm.MODELS)
def test_strides_of_the_blocks_can_be_left_out(model: str) -> None:
    """Then the stem's stride is the only one, in every version."""
    dialect = nm.Dialect(name="own", block_strides=False)
    plan = nm.plan(model, resolution=(35, 47), dialect=dialect, include_top=False)
    assert plan.layers[-1].output[:2] == plan["stem"].output[:2] == (18, 24)


def test_a_repr_has_what_differs_from_the_paper() -> None:
    assert "v3_head" not in repr(nm.PAPER)
    assert repr(replace(nm.PAPER, name="x", bn_eps=0.5).at("v1")).count("bn_eps=0.5") == 1
    names = {"Dialect": nm.Dialect, "ByVersion": ByVersion}
    assert all(eval(repr(one), names) == one for one in nm.DIALECTS.values())


def test_one_dialect_is_laid_beside_the_papers(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for words in (["keras"], ["paper", "keras"]):
        assert cli.main(["dialects", "v1", *words, "--csv"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert said[0].startswith("switch,paper,keras\n")


def test_at_settles_every_switch() -> None:
    """by_version is gone, what was said for all versions stays, and settling again changes nothing."""
    keras = nm.KERAS
    assert [keras.at(v).strided_padding for v in VERSIONS] == [(0, 1, 0, 1), None, None]
    assert [keras.at(v).activation for v in VERSIONS] == ["relu6", "relu6", "relu"]
    assert [keras.at(v).bn_momentum for v in VERSIONS] == [0.01, 0.001, 0.001]
    assert [keras.at(v).bn_eps for v in VERSIONS] == [1e-3] * 3
    for dialect in nm.DIALECTS.values():
        for version in VERSIONS:
            settled = dialect.at(version)
            assert settled.at(version) is settled
            assert all(
                isinstance(v, str | int | float | tuple | None) for v in asdict(settled).values()
            )


@pytest.mark.parametrize("name", nm.DIALECTS)
def test_json_and_back(name: str) -> None:
    """A settled dialect survives a journey through JSON; plans keep no other."""
    for version in nm.DIALECTS[name].versions:
        settled = nm.plan({"v3": "v3-small"}.get(version, version), dialect=name).dialect
        assert nm.Dialect.from_json(json.loads(json.dumps(asdict(settled)))) == settled


@pytest.mark.parametrize(
    ("model", "dialect"),
    [
        ("v1", "torchvision"),
        ("v1-full", "tutorial-e"),
        ("v2", "timm-rw"),
        ("v3-small", "tutorial-c"),
    ],
)
def test_a_dialect_without_the_version(model: str, dialect: str) -> None:
    """The message says which versions there are, and where this one is."""
    version, known = model[:2], nm.DIALECTS[dialect].versions
    with pytest.raises(ValueError, match=f"dialect {dialect} has no {version}, only ") as caught:
        nm.plan(model, dialect=dialect)
    offered = str(caught.value).partition(" is in ")[2].split(", ")
    assert offered == [name for name, d in nm.DIALECTS.items() if version in d.versions]
    assert f"only {', '.join(known)};" in str(caught.value)


def test_what_is_usual_follows_the_dialect(capsys: pytest.CaptureFixture[str]) -> None:
    """Resolution and classes where nothing is said, in the library and on the command line."""
    usual = {
        "paper": (224, 1000),
        "cifar": (32, 10),
        "tutorial-d": (32, 10),
        "tf-slim": (224, 1001),
    }
    for name, (pixels, classes) in usual.items():
        plan = nm.plan("v1", dialect=name)
        assert (plan.resolution, plan.classes) == ((pixels, pixels), classes)
        assert cli.main(f"cost v1 --dialect {name} --json".split()) == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["resolution"], document["classes"]) == (pixels, classes)
        assert nm.plan("v1", dialect=name, resolution=64, classes=3).classes == 3


EVERY = [(m, n) for m in nm.MODELS for n, d in nm.DIALECTS.items() if m[:2] in d.versions]


@pytest.mark.parametrize(("model", "dialect"), EVERY)
def test_every_model_in_every_dialect_runs(model: str, dialect: str) -> None:
    """A thin network on an odd image, not square: a gradient of every array, in its shape, finite."""
    plan = nm.plan(model, width=0.35, resolution=(35, 47), classes=4, dialect=dialect)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 35, 47, 3)).astype(np.float32)
    logits, tape, statistics = nm.forward(plan, nm.init(plan, 0), x, train=True, rng=rng)
    assert logits.shape == (2, 4)
    assert {name: value.shape for name, value in statistics.items()} == plan.statistics
    grads = nm.backward(plan, np.ones_like(logits), tape, image_gradient=True)
    expected = plan.parameters | {"image": x.shape}
    assert {name: value.shape for name, value in grads.items()} == expected
    assert list(grads) == list(expected)
    for name, value in (grads | statistics).items():
        assert value.dtype == np.float32, name
        assert np.isfinite(value).all(), name


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        ({"v1_head": -1}, "v1_head must be an integer of at least 0, found -1"),
        ({"v3_head": 1}, "v3_head must be True or False, found 1"),
        ({"v3_small_head": 0}, "v3_small_head must be a positive integer, found 0"),
        ({"stem_stride": 0}, "stem_stride must be a positive integer, found 0"),
        ({"bn_momentum": 2.0}, r"bn_momentum must be above 0 and at most 1, found 2\.0"),
        ({"batch_norm": "no"}, "batch_norm must be True or False, found 'no'"),
    ],
)
def test_numbers_and_answers_are_checked_too(switches: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nm.Dialect(name="own", **switches)


def test_there_are_three_versions() -> None:
    with pytest.raises(ValueError, match="version must be one of v1, v2, v3, found 'v9'"):
        nm.PAPER.at("v9")
