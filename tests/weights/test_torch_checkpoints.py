"""What training programs put round a state dict: its weights come in all the same, to the bit."""

import argparse
import collections
import datetime
import re
from pathlib import Path

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from tests.weights.checkpoints import (
    OTHER,
    PLANS,
    RAW,
    TIMM,
    V3,
    State,
    imported,
    renamed,
    same,
    under,
)

torch = pytest.importorskip("torch")


class Settings:
    """A class of somebody's own program."""

    def __init__(self) -> None:
        self.rate = 0.1


class Table(dict):  # type: ignore[type-arg]
    """A dict of somebody's own program."""


BESIDE = {
    "options": argparse.Namespace(lr=0.1, path=Path("data"), when=datetime.date(2020, 1, 1)),
    "numpy": {"metric": np.float64(71.5), "curve": np.ones(3)},
    "containers": [collections.defaultdict(list, a=[1]), collections.deque([1]), frozenset([1])],
    "classes": [Settings(), re.compile("a"), torch.nn.Linear(1, 1)],
    "a dict": Table(a=1),
    "everything": [argparse.Namespace(a=Settings()), collections.defaultdict(int, a=1)],
}


@pytest.mark.parametrize("beside", BESIDE)
def test_what_lies_beside_the_weights_is_passed_over(beside: str, tmp_path: Path) -> None:
    content = {"epoch": 3, "args": BESIDE[beside], "state_dict": TIMM}
    same(imported(content, "timm", tmp_path / "last.pth.tar"), "timm")


PREFIXED = {
    "DataParallel": under("module.", RAW),
    "compiled": under("_orig_mod.", RAW),
    "both": under("_orig_mod.module.", RAW),
    "both, the other way": under("module._orig_mod.", RAW),
    "a part in DataParallel": renamed(RAW, features="features.module"),
    "FSDP": under("_fsdp_wrapped_module.", renamed(RAW, features="features._fsdp_wrapped_module")),
    "any name": under("net.backbone.", RAW),
    "a loss beside it": {**under("model.", RAW), "loss.w": torch.ones(5), "n_averaged": torch.tensor(3)},
    "a profiler's": {**RAW, "total_ops": torch.zeros(1), "features.0.total_params": torch.zeros(1)},
    "a teacher beside it": {**under("teacher.", OTHER), **under("net.student.", RAW)},
    "a teacher held by the student beside it": {**under("teacher.", OTHER), **RAW},
    "an average beside it": {**under("online_model.", OTHER), **under("ema_model.", RAW)},
    "features alone, in a sequence": renamed(RAW, features="0", classifier_1="3"),
    "features and a head": renamed(RAW, features="backbone", classifier_1="head"),
    "scalars beside it": {**RAW, "epoch": 3, "step": torch.tensor(7)},
}  # fmt: skip


@pytest.mark.parametrize("case", PREFIXED)
def test_names_before_and_between_those_of_the_network(case: str, tmp_path: Path) -> None:
    found = imported(PREFIXED[case], "torchvision", tmp_path / "x.pth")
    same(found, "torchvision")
    told = "\n".join(found.notes)
    assert ("were left" in told) == (case.endswith("beside it") and "scalars" not in case)


def test_networks_alike_in_one_file_can_be_chosen(tmp_path: Path) -> None:
    both = {"state_dict": PREFIXED["a teacher beside it"]}
    found = imported(both, "torchvision", tmp_path / "x.pth")
    assert (
        "the network under net.student; 262 tensors beside it were left (teacher)" in found.notes[2]
    )
    assert "--entry teacher" in found.notes[2]
    for entry in ("teacher", "state_dict.teacher", "teacher."):
        same(imported(both, "torchvision", tmp_path / "x.pth", entry=entry), "torchvision", seed=1)


SETS: dict[str, tuple[State, str, dict[str, int]]] = {
    "timm": ({"state_dict": OTHER, "state_dict_ema": RAW}, "state_dict_ema", {"state_dict": 1}),
    "torchvision": (
        {"model": OTHER, "model_ema": {**under("module.", RAW), "n_averaged": torch.tensor(9)}},
        "model_ema",
        {"model": 1, "model_ema": 0},
    ),
    "BasicSR": ({"params": OTHER, "params_ema": RAW}, "params_ema", {"params": 1}),
    "deep": (
        {"state": {"net": OTHER, "ema": {"module": RAW}}},
        "state.ema.module",
        {"state.net": 1},
    ),
    "an average of what is trained": (
        {"ema": {k: v for k, v in OTHER.items() if k.endswith(("weight", "bias"))}, "model": RAW},
        "model",
        {"model": 0},
    ),
    "two networks": ({"teacher": OTHER, "model": RAW}, "model", {"teacher": 1}),
    "no average": ({"model": RAW, "ema_loss": {"weight": torch.ones(3)}}, "", {"model": 0}),
    "one set by two names": ({"model": RAW, "net": RAW}, "", {"model": 0}),
    "an optimiser": ({"model": RAW, "optimizer": {"state": {"x": OTHER}}}, "", {"model": 0}),
}


@pytest.mark.parametrize("case", SETS)
def test_which_of_several_sets_was_taken_is_said_and_can_be_chosen(
    case: str, tmp_path: Path
) -> None:
    """An average over training is taken first, as timm does; tensors of another purpose are no set."""
    content, taken, entries = SETS[case]
    found = imported(content, "torchvision", tmp_path / "x.pth")
    same(found, "torchvision")
    assert any(note.startswith(f"taken: {taken}") for note in found.notes) == bool(taken)
    assert any("--entry" in note for note in found.notes) == bool(taken)
    for entry, seed in entries.items():
        chosen = imported(content, "torchvision", tmp_path / "x.pth", entry=entry)
        same(chosen, "torchvision", seed)
        assert not any(note.startswith("taken: ") for note in chosen.notes)


def test_an_unknown_entry_lists_those_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, output = tmp_path / "x.pth", tmp_path / "ours.safetensors"
    torch.save(SETS["timm"][0], path)
    words = [
        "weights",
        "import",
        str(path),
        "--from",
        "torchvision",
        "--model",
        "v2",
        "--width",
        "0.35",
    ]
    words += ["--output", str(output)]
    assert main([*words, "--entry", "average"]) == 1
    assert "has no entry 'average'; there is state_dict, state_dict_ema" in capsys.readouterr().err
    assert main([*words, "--entry", "state_dict"]) == 0
    assert np.array_equal(
        nm.load(output).params["stem.weight"], nm.init(PLANS["torchvision"], 1)["stem.weight"]
    )
    capsys.readouterr()
    assert main(words) == 0
    assert "taken: state_dict_ema (an average over training)" in capsys.readouterr().out
    with pytest.raises(ValueError, match="files of Keras hold one set of weights, no 'ema'"):
        nm.import_weights(path, "keras", entry="ema")


TOPS = {
    "Linear": ("torchvision", renamed(RAW, classifier_1="classifier")),
    "Sequential(Linear)": ("torchvision", renamed(RAW, classifier_1="classifier.0")),
    "fc": ("torchvision", renamed(RAW, classifier_1="fc")),
    "inside another module": ("torchvision", under("net.", renamed(RAW, classifier_1="head.2"))),
    "V1 of timm": ("timm", renamed(TIMM, classifier="head.fc")),
    "V3, another place": ("v3", renamed(V3, classifier_3="classifier.2")),
    "V3, both": ("v3", renamed(V3, classifier_0="hidden", classifier_3="out")),
}


@pytest.mark.parametrize("case", TOPS)
def test_the_last_layers_may_have_any_name(case: str, tmp_path: Path) -> None:
    which, state = TOPS[case]
    found = imported(state, which, tmp_path / "x.pth")
    same(found, which)
    assert "classifier: " in found.notes[-1]


@pytest.mark.parametrize("name", ["classifier", "classifier.1", "fc"])
def test_v3_without_its_head_has_a_classifier_of_the_users_own(name: str, tmp_path: Path) -> None:
    """net.classifier = Linear(...), after which torchvision's network has one dense layer."""
    body = {k: v for k, v in V3.items() if not k.startswith("classifier")}
    weight = torch.randn(3, 192, generator=torch.Generator().manual_seed(0))
    state = under("model.", body | {f"{name}.weight": weight, f"{name}.bias": torch.ones(3)})
    model = imported({"state_dict": state}, "v3", tmp_path / "x.pth").model
    assert not model.plan.dialect.v3_head
    assert model.plan.classes == 3
    assert np.array_equal(model.params["classifier.weight"], weight.numpy().T)
    path = tmp_path / "y.safetensors"
    nm.export_weights(model.plan, model.params, path, "torchvision")
    again = nm.import_weights(path, "torchvision", model="v3-small", width=0.35).model
    assert again.plan.arrays == model.plan.arrays


TWO = {
    **renamed(RAW, classifier_1="fc"),
    "aux.weight": torch.ones(4, 1280),
    "aux.bias": torch.ones(4),
}
DOUBTFUL = {
    "two that fit": (TWO, "torchvision", "fc.weight or aux.weight may be the first of it"),
    "two beside it": (
        renamed(TWO, features="net.features"), "torchvision", "fc.weight or aux.weight may be classifier",
    ),
    "one more layer": (
        {**renamed(RAW, classifier_1="top.0"), "top.2.weight": torch.ones(3, 5)}, "torchvision",
        "unexpected  top.2.weight (3, 5)",
    ),
    "V3 with two dense layers side by side": (
        {
            **{k.replace("classifier.0", "top"): v for k, v in V3.items() if "classifier.3" not in k},
            "aux.weight": torch.ones(4, 192), "aux.bias": torch.ones(4),
        },
        "v3",
        "the top is classifier.0.weight and classifier.3.weight; of the file top.weight or aux.weight",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_top_that_leaves_doubt_is_refused_with_the_names(case: str, tmp_path: Path) -> None:
    state, which, told = DOUBTFUL[case]
    with pytest.raises(nm.weights.WeightsMismatch) as caught:
        imported(state, which, tmp_path / "x.pth")
    assert told in str(caught.value)
