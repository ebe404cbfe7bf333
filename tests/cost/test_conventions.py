"""What tools and tables say of published networks, exactly; and why they differ, line by line."""

import json
from itertools import product

import pytest

import npmobilenet as nm
from npmobilenet.cost.by_convention import all_totals, counted, reasons
from npmobilenet.cost.conventions import CONVENTIONS, convention_named, totals
from npmobilenet.cost.explain import explain
from npmobilenet.cost.operations import MODULES, operations
from npmobilenet.cost.parameters import parameter_rows, parameter_sums

# timm's mobilenetv1_100; torchvision's mobilenet_v2, mobilenet_v3_large and mobilenet_v3_small
NETWORKS = {
    "v1": nm.plan("v1", dialect="timm"),
    "v2": nm.plan("v2", dialect="torchvision"),
    "v3-large": nm.plan("v3-large", dialect="torchvision"),
    "v3-small": nm.plan("v3-small", dialect="torchvision"),
}
# operations that each tool printed for them at 224 x 224, one image
TOOLS = {
    "fvcore": (578_875_904, 314_193_216, 226_033_824, 59_649_536),
    "thop": (568_791_552, 327_486_720, 234_838_456, 62_477_944),
    "ptflops": (573_884_392, 320_300_008, 231_316_416, 60_910_032),
    "ptflops-aten": (568_741_352, 300_775_272, 216_597_120, 56_515_312),
    "torchinfo": (568_741_352, 300_809_384, 216_621_520, 56_527_424),
    "torch-flops": (1_137_480_704, 601_548_544, 433_179_520, 113_020_800),
    "calflops": (1_147_616_256, 614_967_488, 444_944_056, 116_633_816),
    # and what the layers of these networks add up to
    "paper": (568_740_352, 300_774_272, 216_589_760, 56_510_400),
    "keras": (568_740_352, 300_774_272, 216_589_760, 56_510_400),
    "tf-readme": (568_741_376, 300_775_552, 216_591_040, 56_511_424),
}
TRAINED = (4_231_976, 3_504_872, 5_483_032, 2_542_856)
PARAMS = dict.fromkeys(TOOLS, TRAINED) | {
    "thop": (4_210_088, *TRAINED[1:]),
    "paper": (4_209_088, 3_469_760, 5_451_272, 2_525_832),
    "keras": (4_253_864, 3_538_984, 5_507_432, 2_554_968),
    "tf-readme": (4_243_945, 3_471_040, 5_452_552, 2_526_856),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_totals_of_the_tool(name: str) -> None:
    """Operations and parameters of four published networks, to the last one."""
    for number, plan in enumerate(NETWORKS.values()):
        found = totals(plan, name)
        assert (found.ops, found.params) == (TOOLS[name][number], PARAMS[name][number]), plan.model
        assert found.unit == ("FLOPs" if name in ("torch-flops", "calflops") else "MACs")
        assert found.convention == name


def test_every_convention_is_known_and_gives_its_reasons() -> None:
    assert sorted(CONVENTIONS) == sorted(TOOLS)
    for name, convention in CONVENTIONS.items():
        kinds = [kind for rule in convention.rules for kind in rule.kinds]
        assert convention.name == name
        assert len(kinds) == len(set(kinds)), "two rules for one kind"
        assert reasons(convention).count("\n- ") == len(convention.rules) + 1
        assert all(rule.why for rule in convention.rules)
        assert convention.params_why
    with pytest.raises(ValueError, match=r"convention must be one of paper, .*, found 'flops'"):
        convention_named("flops")


def test_facts_about_the_counters(extra_data) -> None:
    """Every figure that somebody got out of the seven tools by running them forwards."""
    models = {
        "timm.mobilenetv1_100": "v1",
        "tv.mobilenet_v2": "v2",
        "tv.mobilenet_v3_large": "v3-large",
        "tv.mobilenet_v3_small": "v3-small",
    }
    names = {"ptflops_pytorch": "ptflops", "ptflops_aten": "ptflops-aten"}
    names |= {"torch.utils.flop_counter": "torch-flops"}
    rows = json.loads((extra_data / "facts" / "reference_figures.json").read_text())
    checked = set()
    for row in rows:
        tool = row["system"].removeprefix("counter:")
        if tool == row["system"] or "run here" not in row["source"] or "back" in row["quantity"]:
            continue
        name = names.get(tool, tool)
        found = totals(NETWORKS[models[row["model"]]], name)
        values = {"params_reported": found.params, "flops_reported": found.ops}
        if (name, row["quantity"]) == ("calflops", "macs_reported"):
            values["macs_reported"] = totals(NETWORKS[models[row["model"]]], "paper").ops
        assert row["value"] == values.get(row["quantity"], found.ops), row
        checked.add((name, row["model"]))
    assert len(checked) == 7 * 4


@pytest.mark.parametrize("name", CONVENTIONS)
def test_layers_add_up(name: str) -> None:
    for plan in NETWORKS.values():
        found = counted(plan, name)
        assert found.totals == totals(plan, name)
        assert [layer.name for layer in found.layers] == [layer.name for layer in plan.layers]
        assert [layer.output for layer in found.layers][-1] == (found.plan.classes,)
    assert all_totals(plan) == [totals(plan, each) for each in CONVENTIONS]


PLANS = [
    *NETWORKS.values(),
    nm.plan("v1", dialect="tf-slim", resolution=65),
    nm.plan("v1", dialect="tutorial-a", resolution=32),
    nm.plan("v2", width=0.35, include_top=False, resolution=(33, 96)),
    nm.plan("v3-large", dialect="timm-tf", resolution=64),
    nm.plan("v3-small-minimalistic", dialect="keras", classes=10, resolution=96),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: f"{p.model} {p.dialect.name}")
def test_explanations_meet(plan: nm.Plan) -> None:
    """For every pair of conventions: A's total plus the lines is B's total, and no line is idle."""
    said = {name: totals(plan, name) for name in CONVENTIONS}
    for a, b in product(CONVENTIONS, repeat=2):
        found = explain(plan, a, b)
        assert (found.a, found.b) == (said[a], said[b])
        for start, lines, end, rows in (
            (found.a.ops, found.ops, found.b.ops, found.rows()),
            (found.a.params, found.params, found.b.params, found.rows(params=True)),
        ):
            assert start + sum(line.difference for line in lines) == end
            assert all(line.difference and line.quantity > 0 for line in lines)
            assert len({line.what for line in lines}) == len(lines)
            first, *middle, last = rows
            assert (first[-1], last[-1]) == (start, end)
            assert len(middle) == len(lines)
        if a == b:
            assert not found.ops + found.params


def differences(plan: nm.Plan, a: str, b: str) -> dict[str, int]:
    """Operations that B counts more than A, by the line's name."""
    return {line.what: line.difference for line in explain(plan, a, b).ops}


def test_lines_say_what_it_is() -> None:
    """By operator, as the tools themselves break it down."""
    small, v2 = NETWORKS["v3-small"], NETWORKS["v2"]
    assert differences(small, "paper", "fvcore") == {
        "batch normalisation: each number": 2_825_536,
        "pooling, squeeze-and-excite: numbers in": 285_376,
        "pooling, before the classifier: numbers in": 28_224,
    }
    biases = differences(small, "torch-flops", "calflops")
    assert biases["bias additions, squeeze-and-excite"] == 2_888
    assert set(differences(v2, "paper", "torch-flops")) == {
        "products, convolutions", "products, classifier",
    }  # fmt: skip
    assert differences(v2, "paper", "torchinfo") == {
        "batch normalisation: gamma and beta once": 34_112,
        "bias additions, classifier": 1_000,
    }
    assert differences(NETWORKS["v1"], "paper", "tf-readme") == {
        "the 1001st class, a background": 1_024
    }
    own = explain(nm.plan("v3-large", dialect="timm"), "paper", "thop").params
    assert not [line for line in own if "gamma" in line.what]
    back = explain(NETWORKS["v1"], "keras", "thop").params
    assert {line.what for line in back} == {
        "batch normalisation: gamma (own class)",
        "batch normalisation: beta (own class)",
        "batch normalisation: running mean",
        "batch normalisation: running variance",
    }


def test_how_a_family_writes_it_decides() -> None:
    """The same V1 in plain modules: thop then sees batch normalisation, torchinfo its parameters."""
    timm = NETWORKS["v1"]
    plain = nm.plan("v1", dialect="tutorial-a-repaired")
    normalised = sum(o.sizes["inputs"] for o in operations(plain) if o.kind == "batch_norm")
    assert totals(plain, "thop").ops == totals(timm, "thop").ops + 4 * normalised
    assert totals(plain, "torchinfo").ops == totals(timm, "torchinfo").ops + 21_888
    assert totals(plain, "fvcore") == totals(timm, "fvcore")
    kinds = {operation.kind for operation in operations(timm, MODULES)}
    assert kinds == {"conv", "batch_norm", "relu6", "pool", "dense"}


@pytest.mark.parametrize(
    ("dialect", "name", "ops", "params"),
    [
        ("timm", "thop", 215_357_760, 4_177_632),
        ("timm", "ptflops", 220_040_984, 5_483_032),
        ("timm-tf", "thop", 205_474_656, 4_155_864),
        ("timm-tf", "ptflops", 210_157_880, 5_483_032),
    ],
)
def test_own_classes_are_not_seen(dialect: str, name: str, ops: int, params: int) -> None:
    """Of timm's mobilenetv3_large_100 and tf_mobilenetv3_large_100 the tools printed these."""
    found = totals(nm.plan("v3-large", dialect=dialect), name)
    assert (found.ops, found.params) == (ops, params)


def test_four_sizes_of_v1() -> None:
    """4.21, 4.23, 4.24 and 4.25 million parameters are one network."""
    plan = nm.plan("v1")
    sums = {found.what: found for found in parameter_sums(plan)}
    assert sums["weights"].counts == {
        "no top": 3_185_088, "1000 classes": 4_209_088, "1001 classes": 4_210_112,
    }  # fmt: skip
    millions = {row[0]: (row[-2], row[-1]) for row in parameter_rows(list(sums.values()), plan)}
    assert millions["weights"] == ("4.21", "paper")
    assert millions["all that is trained"][0] == "4.23"
    assert "fvcore" in millions["all that is trained"][1]
    assert millions["all but gamma"] == ("4.24", "tf-readme")
    assert millions["all that is stored"] == ("4.25", "keras")
    assert sums["all but gamma"].counts["1001 classes"] == 4_243_945
    (timm,) = [x for x in parameter_sums(NETWORKS["v1"]) if x.what == "weights and biases"]
    assert timm.conventions == ("thop",)


@pytest.mark.parametrize(
    ("plan", "heads"),
    [
        (nm.plan("v2", include_top=False), ["no top"]),
        (nm.plan("v2", classes=10), ["no top", "10 classes"]),
        (nm.plan("v3-small", dialect="tf-slim"), ["no top", "1001 classes"]),
    ],
    ids=["no top", "10", "1001"],
)
def test_parts_add_up(plan: nm.Plan, heads: list[str]) -> None:
    """The parts are those of `cost`, and every sum is the sum of its parts."""
    sums = {found.what: found.counts for found in parameter_sums(plan)}
    params, own = nm.cost(plan).params, heads[-1]
    assert list(sums["weights"]) == heads
    assert sums["weights"][own] == params.weights
    assert sums["biases"][own] == params.bias
    assert sums["gamma"][own] + sums["beta"][own] == params.bn_affine
    assert sums["running mean"][own] + sums["running variance"][own] == params.bn_stats
    assert sums["all that is trained"][own] == params.trainable
    assert sums["all but gamma"][own] == params.total - sums["gamma"][own]
    assert sums["all that is stored"][own] == params.total
