"""The race is run by the rules that it states, and its lanes arrive at the same numbers."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from npmobilenet.cost import separable_cost
from tests.explorer.pages import Watched, fashion, written

USUAL = {"rk": 3, "rm": 64, "rn": 128, "rd": 7, "rs": 1, "rp": "same", "ra": 1, "rr": 1}
TOY = {"rk": 3, "rm": 3, "rn": 4, "rd": 4}

STANDING = """() => {
  const settings = raceSettings();
  const { pace, steps } = racePace(settings);
  const lanes = [...Array(steps + 1).keys()].map((step) => raceStanding(settings, step));
  return { pace, steps, done: lanes.map((all) => all.map((lane) => lane.done)),
    finished: lanes.at(-1).map((lane) => lane.finished), totals: lanes[0].map((lane) => lane.total) };
}"""

# the standard convolution of the sheets that are drawn, with filters that are products of both halves'
SAME_NUMBERS = """() => {
  const settings = raceSettings();
  const patch = racePatch(settings);
  const { d, size } = raceDrawn(settings);
  const { k, m: M, n: N, stride, padding } = settings;
  const [x, w] = [array([1, size, size, M]), array([k, k, M, N])];
  for (let m = 0; m < M; m++) {
    patch.input(m).forEach((value, p) => (x.data[p * M + m] = value));
    for (let n = 0; n < N; n++)
      patch.filter(m).forEach((value, q) => (w.data[(q * M + m) * N + n] = value * patch.weight(m, n)));
  }
  const { y } = finish(conv2d(x, w, null, { stride: [stride, stride], padding }));
  let apart = 0, most = 0;
  for (let n = 0; n < N; n++)
    patch.output(n).forEach((value, p) => {
      apart = Math.max(apart, Math.abs(value - y.data[p * N + n]));
      most = Math.max(most, Math.abs(value));
    });
  return { shape: y.shape, d, share: apart / most, most };
}"""


@pytest.fixture(scope="module")
def shown(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    watched = Watched(browser, written(fashion(), tmp_path_factory.mktemp("race")), "v=2&lang=en")
    yield watched
    watched.close()


def sentence(shown: Watched) -> str:
    return str(shown.evaluate("document.querySelector('.sentence').textContent"))


@pytest.mark.parametrize(
    "sizes",
    [{}, TOY, {**TOY, "rn": 1}, {"rk": 1}, {"rm": 1, "rn": 1, "rd": 1}, {"ra": 0.25, "rr": 0.714}],
    ids=str,
)
def test_both_runners_are_equally_fast(shown: Watched, sizes: dict[str, Any]) -> None:
    """Every step is the same number of multiplications for the standard lane and for the relay."""
    asked: dict[str, Any] = {**USUAL, **sizes}
    shown.go(v=2, s=None, **asked)
    race = shown.evaluate(STANDING)
    names = {"k": "rk", "m": "rm", "n": "rn", "df": "rd", "alpha": "ra", "rho": "rr"}
    cost = separable_cost(**{name: asked[key] for name, key in names.items()})
    standard, both = cost.standard.macs, cost.separable.macs
    assert race["totals"] == [standard, cost.depthwise.macs, cost.pointwise.macs]
    assert race["done"][0] == [0, 0, 0]
    assert race["done"][-1] == race["totals"]
    for step, (upper, first, second) in enumerate(race["done"]):
        budget = step * race["pace"] if step < race["steps"] else max(standard, both)
        assert upper == min(budget, standard)
        assert first + second == min(budget, both)
        assert second == 0 or first == cost.depthwise.macs, "the relay's second runner waits"
    pace = race["pace"]
    assert race["finished"] == [
        ceil(Fraction(work, pace)) for work in (standard, cost.depthwise.macs, both)
    ]


@pytest.mark.parametrize("padding", ["same", "symmetric", "valid"])
@pytest.mark.parametrize("sizes", [TOY, {"rk": 2, "rm": 20, "rn": 5, "rd": 3, "rs": 2}], ids=str)
def test_all_lanes_arrive_at_the_same_numbers(
    shown: Watched, sizes: dict[str, Any], padding: str
) -> None:
    """As the page says: a standard convolution whose filters are products; repeated channels too."""
    shown.go(v=2, l="blocks.3.depthwise", c=3, **{**USUAL, **sizes, "rp": padding})
    found = shown.evaluate(SAME_NUMBERS)
    assert found["shape"] == [1, found["d"], found["d"], sizes["rn"]]
    assert found["most"] > 0
    assert found["share"] < 1e-12


def test_it_says_so_where_separable_costs_more(shown: Watched) -> None:
    shown.go(v=2, s=None, **{**USUAL, **TOY, "rn": 1})
    assert "10/9" in sentence(shown)
    assert "costs more" in sentence(shown)
    shown.go(rn=4)
    assert "13/36" in sentence(shown)
    assert "costs more" not in sentence(shown)


def test_the_toy_plays_to_its_end(shown: Watched) -> None:
    """At triple speed: the button sets the sizes, starts, and the player stops by itself."""
    shown.go(v=2, s=None, **USUAL)
    shown.page.select_option("[data-key=player-speed]", "250")
    # clicked and read at once: a moment later the player has gone on
    assert shown.evaluate(
        "document.querySelector('[data-key=race-toy]').click(),"
        " [state.rm, state.rn, state.rd, state.s]"
    ) == [3, 4, 4, 0]
    shown.evaluate("setSpeed(5)")
    shown.evaluate(
        "new Promise((done) => setInterval(() => state.s === null && !player.timer && done(), 20))"
    )
    assert "1,728 multiplications against 432 + 192" in sentence(shown)


def test_an_address_that_means_nothing_is_no_reason_to_show_nothing(shown: Watched) -> None:
    shown.go(v=2, rk="x", rm=-5, rn=1e9, rd=2.7, rs=0, rp="?", ra="", rr="NaN")
    found = shown.evaluate("raceSettings().asked")
    assert found == {
        "rk": 3, "rm": 1, "rn": 1024, "rd": 2, "rs": 1, "ra": 0.25, "rr": 1, "rp": "same",
    }  # fmt: skip
    assert shown.said == []
