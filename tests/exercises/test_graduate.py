"""Whole networks by a learner's functions: who passes, and what is said of who does not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npmobilenet.exercises import graduate as graduating
from npmobilenet.exercises import graduate_asking
from npmobilenet.exercises.checking import check
from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.graduate import TOLERANCE, graduate
from npmobilenet.exercises.graduate_networks import (
    STEPS,
    Untrained,
    losses,
    our_losses,
    trained,
    untrained,
)
from npmobilenet.exercises.graduate_units import Unit, units
from npmobilenet.models.execute import Run, execute_forward
from npmobilenet.models.layers import Activation
from npmobilenet.models.network import backward, forward
from tests.commands import call

SOLUTIONS = Path(__file__).parent / "solutions"
REFERENCE = (SOLUTIONS / "reference.py").read_text(encoding="utf-8")
NEVER = ["one_window", "standard_cost", "separable_cost", "times_cheaper", "hard_swish_backward",
         "squeeze_excite_backward"]  # fmt: skip


def said(capsys: pytest.CaptureFixture[str], file: Path, *edits: tuple[str, str]) -> str:
    """What is said of the reference with some of its lines written otherwise; it never passes."""
    text = REFERENCE
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    code, out, err = call(capsys, "exercises", "graduate", file)
    assert code == 1, out
    return " ".join((out + err).split())


def test_the_reference_graduates(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(REFERENCE, encoding="utf-8")
    code, out, err = call(capsys, "exercises", "graduate", file)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert out.count(" passed ") == 3
    assert "186 layers" in out
    assert "11,498,400 MACs" in out
    for name in EXERCISES:
        assert name in out  # as called, or as in none of the networks
    after = " ".join(out[out.index("In none") :].split())
    assert after == f"In none of these networks: {', '.join(NEVER)}."


def test_json(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped network alone, to be quick: all there is of it, and passing needs all three."""
    monkeypatch.setattr(graduating, "NETWORKS", graduating.NETWORKS[:1])
    file.write_text(REFERENCE, encoding="utf-8")
    code, out, _ = call(capsys, "exercises", "graduate", file, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["passed"]
    (network,) = found["networks"]
    assert network["calls"] == {
        "conv2d": 3, "depthwise_conv2d": 15, "pointwise_conv2d": 30, "batch_norm": 46,
        "hard_swish": 21, "squeeze_excite": 8,
    }  # fmt: skip
    assert [c["label"] for c in network["compared"]] == ["Ankle boot", "Pullover", "Trouser"]
    for c in network["compared"]:
        assert np.abs(np.subtract(c["ours"], c["yours"])).max() == c["difference"] <= TOLERANCE
    file.write_text(REFERENCE.replace("return x @ w", "return x @ w * np.nan"), encoding="utf-8")
    code, out, _ = call(capsys, "exercises", "graduate", file, "--json")
    (network,) = json.loads(out)["networks"]
    assert code == 1
    assert network["state"] == "wrong"
    failure = network["failure"]
    assert failure["function"] == "pointwise_conv2d"
    assert failure["layer"] == "blocks.1.project"
    assert failure["largest"]["yours"] is None
    assert EXERCISES["pointwise_conv2d"].case(failure["case"])


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (  # right for every filter of 3 x 3
            '"nijmuv,uvm->nijm", windows(x, w, stride, padding), w)',
            '"nijmuv,uvm->nijm", windows(x, w, stride, padding), w) * (1 + (len(w) == 5))',
            ["first layer that differs: blocks.4.depthwise, by your depthwise_conv2d",
             "given 3 images of 24 x 24, 48 channels, kernel 5 x 5, stride 2, padding 2",
             "They differ most at y[", "my_ops.py' depthwise", "--case 3x24x24x48,5x5,s2,p2,#1",
             "Yours to put right: depthwise_conv2d."],
        ),
        ("return x @ w", "return (x @ w).tolist()", ["You return y as a list"]),
        ("return x @ w", "x @ w", ["You return None"]),
        ("return x @ w", "return (x @ w)[:1]", ["array of shape (1, 48, 48, 8)", "shape (3, 48"]),
        ("return x @ w", "x += 1; return x @ w", ["Your function changes x"]),
        ("return x @ w", "import os; os._exit(3)", ["that fails: blocks.1.project", "exit code 3"]),
        ("return x @ w", "raise KeyError(7)", ["It raises KeyError: 7 (my_ops.py, line"]),
        ("return x @ w", "print('hallo'); return 3", ["It printed: hallo"]),
        ("return x @ w", "while True: pass", ["It did not end within 0.2 s"]),
    ],
    ids=["5x5", "list", "none", "shape", "changes", "exit", "raises", "prints", "hangs"],
)  # fmt: skip
def test_the_first_layer_that_differs_is_named(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
    sentences: list[str],
) -> None:
    monkeypatch.setattr(graduate_asking, "LIMIT", 0.2 if "while" in new else 30)
    text = said(capsys, file, (old, new))
    for sentence in ["fashion-mnist wrong", *sentences]:
        assert sentence in text
    assert "training" not in text  # the first is the last


def test_a_wrong_gradient_is_named_with_its_step(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graduating, "NETWORKS", graduating.NETWORKS[2:])
    text = said(capsys, file, ("    dp = {}", "    dp = {'a': x}"))
    assert "blocks.6.expand to blocks.6.add, in step 1 of training" in text
    assert "The dict that you return has 'a' in it" in text
    text = said(capsys, file, ('"nijmuv,nijm->uvm"', '"nijmuv,nijm->muv"'))
    assert "your inverted_residual_backward" in text  # which calls it
    text = said(capsys, file, ("return dy * ((x > 0) & (x < 6))", "return dy * (x < 6)"))
    assert "last_activation" in text or "inverted_residual_backward" in text
    assert "They differ most at dx[" in text


def test_what_is_not_yet_or_missing_is_ours_and_said_so(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graduating, "NETWORKS", graduating.NETWORKS[:1])
    text = said(
        capsys,
        file,
        ("return x * np.clip(x + 3, 0, 6) / 6", "raise NotImplementedError"),
        ("def squeeze_excite(x, w1, b1, w2, b2):", "def squeeze(x, w1, b1, w2, b2):"),
        ("def batch_norm(x, ", "def batch_norm(x, y, "),
    )
    assert "fashion-mnist not yet" in text
    assert "Not yet yours, and ours here: hard_swish." in text
    assert "Missing in your file, and ours here: squeeze_excite." in text
    assert "Ours in place of batch_norm: the function is batch_norm(x, y, " in text
    assert "The logits differ by" in text
    assert "has not graduated yet. Yours to write: batch_norm, hard_swish, squeeze_excite." in text


def test_files_that_cannot_be_used(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "exercises", "graduate", file)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "no such file" in err
    file.write_text("def conv2d(x:\n", encoding="utf-8")
    code, out, err = call(capsys, "exercises", "graduate", file)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "SyntaxError" in err


def test_every_layer_is_in_one_unit() -> None:
    """All products are the learner's: what is ours multiplies nothing."""
    for plan in (trained().plan, untrained("v2", 0.35, 2, "blocks.6").plan):
        found = units(plan)
        assert [layer for unit in found for layer in unit.layers] == list(plan.layers)
        assert not sum(la.macs for unit in found if not unit.function for la in unit.layers)
    blocks = [unit for unit in found if unit.function == "inverted_residual"]
    assert [unit.name for unit in blocks][-2:] == ["blocks.5.add", "blocks.6.add"]


def test_our_networks_learn_and_stand_on_no_kink() -> None:
    """Where ReLU6 bends either slope is right: nobody may fail for having taken the other."""
    for network in (untrained("v1-shallow", 0.25, 12), untrained("v2", 0.35, 6, "blocks.6")):
        found = our_losses(network)
        assert len(found) == STEPS
        assert found == sorted(found, reverse=True)
        assert _nearest(network) > 1e-8


def _nearest(network: Untrained) -> float:
    """How near to 0 or 6 what goes into a ReLU6 comes, in all steps."""
    kept: dict[str, Any] = {"near": np.inf}

    def passes(params: dict[str, Any], x: Any) -> tuple[Any, dict[str, Any]]:
        run, values = Run(params, True, "numpy", None), {"image": x}
        for layer in network.plan.layers:
            inputs = [values[name] for name in layer.inputs]
            if isinstance(layer, Activation):
                distance = np.minimum(np.abs(inputs[0]), np.abs(inputs[0] - 6)).min()
                kept["near"] = min(kept["near"], float(distance))
            values[layer.name], _ = execute_forward(run, layer, inputs)
        logits, kept["tape"], moved = forward(network.plan, params, x, train=True, rung="numpy")
        return logits, moved

    losses(network, passes, lambda d: backward(network.plan, d, kept["tape"]))
    return float(kept["near"])


@pytest.mark.long
@pytest.mark.parametrize("name", ["reference", "plain_loops"])
def test_both_solutions_are_right_and_graduate(name: str) -> None:
    file = SOLUTIONS / f"{name}.py"
    assert check(file, [*EXERCISES.values()]).right
    found = graduate(file)
    assert found.passed
    assert found.not_asked == NEVER
    assert sum(part.yours["conv2d"] for part in found.parts) == 23


def test_a_unit_says_what_it_is() -> None:
    first, *_, last = units(trained().plan)
    assert (first.title, last.title) == ("stem", "classifier")
    (gate,) = (unit for unit in units(trained().plan) if unit.name == "blocks.4.scale")
    assert isinstance(gate, Unit)
    assert gate.title == "blocks.4.squeeze_pool to blocks.4.scale"
