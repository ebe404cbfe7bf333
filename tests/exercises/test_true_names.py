"""What is said of a wrong function is true of it: mistakes that give nearly the numbers of another.

Each is planted in a right solution; what must be in the sentence stands beside it.
"""

import pytest

from npmobilenet.exercises.diagnosis import alike
from npmobilenet.exercises.exercise import EXERCISES
from npmobilenet.exercises.judging import judge
from npmobilenet.exercises.mistakes import of
from npmobilenet.exercises.parent import Observed

from .asking import asking, functions, said_of
from .planted.sources import ARRAYS, Edit, Planted


def sentence(exercise: str, *edits: Edit, inside: str = "") -> str:
    """What is said of a right solution with these edits; nothing where nothing is proved."""
    source = Planted(0, exercise, ARRAYS, edits, inside).source
    found = said_of(EXERCISES[exercise], asking(EXERCISES[exercise], functions(source)[exercise]))
    return found.sentence["en"] if found and found.sentence else ""


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ("M", "once for every input channel"),
        ("K * L", "once for every pixel of the window"),
        ("K * L * M", "once for every product of the window"),
    ],
)
def test_how_often_a_bias_is_added(times: str, said: str) -> None:
    found = sentence("conv2d", ("else y + b", f"else y + b * {times}"))
    assert said in found


GATED, MASKED = "((g > 0) & (g < 1))", " * (a > 0)"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ((GATED, "(g > 0)"), "has no upper end"),
        ((GATED, "(g < 1)"), "has no lower end"),
        ((f" * {GATED}", ""), "your gate has no mask"),
        ((MASKED, ""), "your max(…, 0) has no mask"),
        ((f"{GATED} / 6", GATED), "the slope of your gate is a different one"),
        ((" / 6 + 0.5", " / 5 + 0.5"), "(Yours rises by 0.2, as Paddle's does.)"),
    ],
)
def test_the_gate_and_its_slope_are_two_things(edit: Edit, said: str) -> None:
    """Wrong backwards alone is never called another gate."""
    edits = [edit, ("/ 6\n", "/ 5\n")] if "/ 5" in edit[1] else [edit]
    found = sentence("squeeze_excite_backward", *edits)
    assert said in found
    assert ("Your gate is a different one" in found) == (len(edits) == 2)


ROOM = (
    "    y = np.zeros((len(x), I, J, O))",
    "    np.lib.stride_tricks.sliding_window_view(xp, (K, L), axis=(1, 2))\n"
    "    y = np.zeros((len(x), I, J, O))",
)


def test_the_odd_row_above_is_not_symmetric() -> None:
    odd = ("total // 2, total - total // 2", "total - total // 2, total // 2")
    assert "odd row of zeros stands above" in sentence("conv2d", odd, inside="sides")


def test_symmetric_padding_in_windows_that_need_room() -> None:
    zeros = "(({0} - 1) // 2, ({0} - 1) // 2) if padding == 'same' else (padding, padding)"
    found = sentence(
        "conv2d",
        ("sides(x.shape[1], K, stride, padding)", zeros.format("K")),
        ("sides(x.shape[2], L, stride, padding)", zeros.format("L")),
        ROOM,
    )
    assert "as if you padded symmetrically" in found


@pytest.mark.parametrize(
    ("exercise", "old"), [("conv2d_backward", ", w)"), ("depthwise_conv2d_backward", "w[u, v]\n")]
)
def test_scattering_through_a_turned_filter(exercise: str, old: str) -> None:
    """The sentence is true of a filter that slides as it is, and of one that is scattered turned."""
    new = {", w)": ", w[::-1, ::-1])", "w[u, v]\n": "w[K - 1 - u, L - 1 - v]\n"}[old]
    assert "leave it as it is where dy is scattered" in sentence(exercise, (old, new))


@pytest.mark.parametrize("number", ["np.inf", "np.nan"])
def test_what_is_no_number_is_near_to_no_number(number: str) -> None:
    """Neither is compared with wrong programs; it has its own sentence."""
    exercise = EXERCISES["relu6"]
    case = exercise.case("1x2x2x1")
    source = f"import numpy as np\n\ndef relu6(x):\n    return x + {number}\n"
    call = asking(exercise, functions(source)["relu6"])
    yours = call(case.arguments)
    assert yours is not None
    assert not alike(yours, exercise.reference(**case.arguments))
    assert not alike(exercise.reference(**case.arguments), yours)
    assert alike(yours, yours)
    failure = judge(exercise, case, Observed("returned", yours))
    assert failure is not None
    assert not failure.comparable
    assert failure.seen is not None
    assert f"has {number[3:]} in it" in failure.seen[0]


@pytest.mark.parametrize(
    ("exercise", "edit", "said"),
    [
        ("conv2d", ("v : v + stride * J : stride", "v : v + J"), "missing to the right"),
        ("conv2d", ("u : u + stride * I : stride", "u : u + I"), "missing downwards"),
        (
            "separable_cost",
            ("rows * columns * k**2 * m", "h * w * k**2 * m"),
            "Your depthwise half",
        ),
        ("separable_cost", ("rows * columns * m * n", "h * w * m * n"), "Your pointwise half"),
    ],
)
def test_the_half_that_is_wrong_is_the_one_that_is_named(
    exercise: str, edit: Edit, said: str
) -> None:
    assert said in sentence(exercise, edit)


def test_one_sentence_for_each_part_of_a_normalisation() -> None:
    """Which of gamma, beta and the mean is missing is known, and so it is said."""
    found = {m.sentence[0].split(":")[0] for m in of("batch_norm") if m.number == 66}
    assert {"gamma is missing", "beta is missing", "The mean is not taken off"} <= found
    (backward,) = {m.sentence[0] for m in of("batch_norm_backward") if m.number == 66}
    assert backward.startswith("gamma is missing in dx")


@pytest.mark.parametrize(("exercise", "number", "least"), [
    ("inverted_residual_backward", 40, 4), ("inverted_residual", 77, 5),
    ("inverted_residual", 78, 4), ("separable_cost", 81, 4),
])  # fmt: skip
def test_alternatives_are_told_apart(exercise: str, number: int, least: int) -> None:
    assert len({m.sentence for m in of(exercise) if m.number == number}) >= least


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("dxp[window] +=", "dxp[window] ="), "Where windows overlap"),
        (("dw += np", "dw = np"), "Your dw or db holds only what came last"),
    ],
)
def test_what_is_overwritten_is_said(edit: Edit, said: str) -> None:
    assert sentence("conv2d_backward", edit).startswith(said)
