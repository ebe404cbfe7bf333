"""The exercises themselves: their cases, their references, their texts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npmobilenet.exercises.exercise import EXERCISES, chosen
from npmobilenet.exercises.observing import same
from npmobilenet.exercises.record import Exercise
from npmobilenet.exercises.sizes import Sizes

ALL = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
GRADIENTS = [e for e in EXERCISES.values() if e.forward]

# the cases that stand in the texts: arguments, and what must come out
BY_HAND: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "one_window": (
        {"patch": [[[1], [2]], [[3], [4]]], "w": [[[5], [6]], [[7], [8]]]},
        {"y": 70},
    ),
    "pointwise_conv2d": ({"x": [[[[1, 2]]]], "w": [[3, 4], [5, 6]]}, {"y": [[[[13, 16]]]]}),
    "standard_cost": ({"h": 5, "w": 5, "k": 3, "m": 2, "n": 4, "stride": 2}, {"macs": 648}),
    "separable_cost": ({"h": 5, "w": 5, "k": 3, "m": 2, "n": 4, "stride": 2}, {"macs": 234}),
    "times_cheaper": ({"k": 3, "n": 4}, {"times": 36 / 13}),
    "relu6": ({"x": [-1, 2, 7]}, {"y": [0, 2, 6]}),
    "relu6_backward": ({"dy": [3, 4, 5], "x": [-1, 2, 7]}, {"dx": [0, 4, 0]}),
    "hard_swish": ({"x": [-4, -1, 2, 5]}, {"y": [0, -1 / 3, 5 / 3, 5]}),
    "hard_swish_backward": ({"dy": [6] * 4, "x": [-4, -1, 2, 5]}, {"dx": [0, 1, 7, 6]}),
    "pointwise_conv2d_backward": (
        {"dy": [[[[5]]]], "x": [[[[1, 2]]]], "w": [[3], [4]]},
        {"dx": [[[[15, 20]]]], "dw": [[5], [10]]},
    ),
}
ROW = {"x": [[[[1], [2], [3]]]], "dy": [[[[6], [7]]]], "stride": 1, "padding": 0}
SQUEEZE = {"x": [[[[1], [3]]]], "w1": [[2]], "b1": [-3], "w2": [[1]], "b2": [-1]}
PIXELS = {"x": [[[[1]]], [[[3]]]], "gamma": [1], "eps": 1e-12}
BY_HAND |= {
    "conv2d": (
        {"x": [[[[1], [2]], [[3], [4]]]], "w": np.arange(1.0, 10).reshape(3, 3, 1, 1), "b": None,
         "stride": 2, "padding": "same"},
        {"y": [[[[37]]]]},
    ),
    "depthwise_conv2d": (
        {"x": [[[[1, 5], [2, 6]]]], "w": [[[3, 7], [4, 8]]], "stride": 1, "padding": 0},
        {"y": [[[[11, 83]]]]},
    ),
    "conv2d_backward": (
        ROW | {"w": [[[[4]], [[5]]]]},
        {"dx": [[[[24], [58], [35]]]], "dw": [[[[20]], [[33]]]], "db": [13]},
    ),
    "depthwise_conv2d_backward": (
        ROW | {"w": [[[4], [5]]]},
        {"dx": [[[[24], [58], [35]]]], "dw": [[[20], [33]]]},
    ),
    "batch_norm": (
        PIXELS | {"beta": [0], "mean": [1], "variance": [1], "train": True, "momentum": 0.1},
        {"y": [[[[-1]]], [[[1]]]], "mean": [1.1], "variance": [1.1]},
    ),
    "batch_norm_backward": (
        PIXELS | {"dy": [[[[2]]], [[[5]]]]},
        {"dx": [[[[0]]], [[[0]]]], "dgamma": [3], "dbeta": [7]},
    ),
    "squeeze_excite": (SQUEEZE, {"y": [[[[0.5], [1.5]]]]}),
    "squeeze_excite_backward": (
        SQUEEZE | {"dy": [[[[6], [6]]]]},
        {"dx": [[[[7], [7]]]], "dw1": [[8]], "db1": [4], "dw2": [[4]], "db2": [4]},
    ),
}  # fmt: skip


@ALL
def test_a_case_follows_from_its_text(exercise: Exercise) -> None:
    rng = np.random.default_rng(1)
    for case in [*exercise.small(), *(exercise.fresh(rng) for _ in range(5))]:
        again = exercise.case(case.text)
        assert list(again.arguments) == list(exercise.parameters)
        assert same(again.arguments, case.arguments)


@ALL
def test_references_return_what_is_named(exercise: Exercise) -> None:
    for case in exercise.small():
        found = exercise.reference(**case.arguments)
        names = [*case.arguments["p"]] if "dp" in exercise.outputs else []  # type: ignore[misc]
        assert [*found] == [name for name in exercise.outputs if name != "dp"] + names
        assert all(np.isfinite(array).all() for array in found.values())


@ALL
def test_texts_say_what_is_asked(exercise: Exercise) -> None:
    lines = exercise.text.splitlines()
    assert max(map(len, lines)) <= 96
    assert "By hand" in exercise.text
    assert all(name in exercise.text for name in exercise.parameters)
    assert len(set(exercise.hints)) == 3


@pytest.mark.parametrize("name", BY_HAND)
def test_the_case_by_hand_is_right(name: str) -> None:
    given, expected = BY_HAND[name]
    arguments = {k: np.array(v, float) if isinstance(v, list) else v for k, v in given.items()}
    found = EXERCISES[name].reference(**arguments)
    for output, value in expected.items():
        np.testing.assert_allclose(found[output], value, atol=1e-9)


def test_the_block_s_case_by_hand_is_right() -> None:
    """With all three gammas 0, y is project_beta, plus x; dx is dy."""
    for name in ("inverted_residual", "inverted_residual_backward"):
        exercise = EXERCISES[name]
        arguments = exercise.case("1x3x3x2,o2,t3,s1").arguments
        p = arguments["p"]
        assert isinstance(p, dict)
        p |= {key: array * 0 for key, array in p.items() if key.endswith("gamma")}
        found = exercise.reference(**arguments)
        if name == "inverted_residual":
            np.testing.assert_allclose(found["y"], p["project_beta"] + arguments["x"])
        else:
            np.testing.assert_allclose(found["dx"], arguments["dy"])
            summed = np.sum(arguments["dy"], axis=(0, 1, 2))  # type: ignore[arg-type]
            np.testing.assert_allclose(found["project_beta"], summed)


def test_every_text_has_its_case_by_hand_here() -> None:
    assert {*BY_HAND} == {*EXERCISES} - {"inverted_residual", "inverted_residual_backward"}


def test_the_familiar_comes_first() -> None:
    """3 x 3 on square images at strides 1 and 2; the smallest of them at the very beginning."""
    first = EXERCISES["depthwise_conv2d"].sizes
    familiar = [s.kernel == (3, 3) and s.x[1] == s.x[2] > 1 and s.s < 3 for s in first]
    assert familiar.index(False) > 30
    assert [s.text for s in first[:3]] == [
        "1x2x2x1,3x3,s1,same", "1x2x2x1,3x3,s1,p1", "1x2x2x1,3x3,s2,same",
    ]  # fmt: skip
    assert any(s.kernel == (1, 1) for s in first)
    assert any(s.x[1] != s.x[2] for s in first)
    assert any(s.kernel == (2, 2) for s in first)


def test_small_numbers_are_shuffled_whole_ones() -> None:
    for case in EXERCISES["conv2d"].small():
        x = np.sort(case.arguments["x"].ravel())  # type: ignore[union-attr]
        assert (x == np.arange(1, x.size + 1)).all()


@pytest.mark.parametrize("exercise", GRADIENTS, ids=lambda e: e.name)
def test_gradients_are_those_of_their_forward_pass(exercise: Exercise) -> None:
    """A nudge of one element of each argument, by central differences."""
    forward, rng = EXERCISES[exercise.forward], np.random.default_rng(3)
    for case in [*list(exercise.small())[:8], *(exercise.fresh(rng) for _ in range(3))]:
        arguments = {k: v for k, v in case.arguments.items() if k != "dy"}
        arguments |= exercise.constants(case.arguments)
        dy = case.arguments["dy"]
        gradients = exercise.reference(**case.arguments)

        def loss(arguments=arguments, dy=dy) -> float:
            return float(np.sum(next(iter(forward.reference(**arguments).values())) * dy))

        for name, gradient in gradients.items():
            array = element(arguments, name)
            if array is None:
                continue
            at = tuple(rng.integers(0, size) for size in array.shape)
            before = array[at]
            array[at] = before + 1e-5
            above = loss()
            array[at] = before - 1e-5
            slope = (above - loss()) / 2e-5
            array[at] = before
            assert slope == pytest.approx(gradient[at], rel=1e-4, abs=1e-4), (case, name)


def element(arguments, name: str):
    """x, or expand of p."""
    return arguments["p"][name] if name in arguments.get("p", ()) else arguments.get(name[1:])


@pytest.mark.parametrize("name", ["conv2d", "squeeze_excite_backward", "inverted_residual"])
@given(st.data())
@settings(max_examples=10)
def test_larger_cases_are_of_the_exercise(name: str, data: st.DataObject) -> None:
    case = data.draw(EXERCISES[name].larger())
    assert case.sizes.seed is not None
    EXERCISES[name].reference(**case.arguments)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conv2d", ""),
        ("conv2d", "1x2x2x1"),
        ("conv2d", "1x2x2x1,3x3,o1,s1,same,same"),
        ("conv2d", "1x2x2x1,3x3,o1,s0,same"),
        ("conv2d", "1x0x2x1,3x3,o1,s1,same"),
        ("conv2d", "1x2x2,3x3,o1,s1,same"),
        ("conv2d", "1x2x2x1,3x3,o1,s1,p0"),
        ("conv2d", "1x9999x9999x1,3x3,o1,s1,same"),
        ("conv2d", "1x2x2x1,3x3,o99999999999,s1,same"),
        ("conv2d", "1x2x2x1,3x3,s1,same"),
        ("depthwise_conv2d", "1x2x2x1,3x3,o1,s1,same"),
        ("depthwise_conv2d", "1x2x2x1,3x3x3,s1,same"),
        ("batch_norm", "1x1x1x1,train,eps0.001,momentum0.1"),
        ("batch_norm", "2x1x1x1,train,eps1-1,momentum0.1"),
        ("inverted_residual", "1x2x2x1,o1,t2,s3"),
        ("standard_cost", "1x2x2x1,3x2,o1,s1"),
    ],
)
def test_other_spellings_are_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^case: ") as refusal:
        EXERCISES[name].case(text)
    assert "\n" not in str(refusal.value)


def test_words() -> None:
    said = EXERCISES["depthwise_conv2d"].case("1x2x2x1,3x3,s2,same").words
    assert said == 'one image of 2 x 2, one channel, kernel 3 x 3, stride 2, padding "same"'
    assert Sizes((2, 2, 3)).text == "2x2x3"


def test_names() -> None:
    assert len(chosen([])) == len(EXERCISES) == 20
    assert [e.name for e in chosen(["depthwise"])] == ["depthwise_conv2d"]
    assert [e.name for e in chosen(["6", "one_window"])] == [
        "one_window", "inverted_residual", "inverted_residual_backward",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="did you mean depthwise"):
        chosen(["depthwize"])
