"""1/N + 1/K², exactly: over thousands of drawn designs, in the paper's example, in the verb."""

import json
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost.separable import separable_cost
from npmobilenet.models.layers import Conv, Depthwise, Pointwise


def check(k: Any, m: int, n: int, df: Any, alpha: Fraction, rho: Fraction) -> None:
    """All identities of one design.  m, n and df are multiples of the denominators of alpha and rho."""
    full = separable_cost(k=k, m=m, n=n, df=df)
    area = prod(k)
    closed = Fraction(n + area, n * area)  # (N + K²) / (N K²), nothing rounded
    assert full.macs_ratio == full.weights_ratio == full.formula == closed
    assert full.formula == Fraction(1, n) + Fraction(1, area) == nm.separable_ratio(k=k, n=n)
    # V1's equation 7: the depthwise half falls with alpha rho², the pointwise half with alpha² rho²
    scaled = separable_cost(k=k, m=m, n=n, df=df, alpha=alpha, rho=rho)
    assert (scaled.m, scaled.n) == (alpha * m, alpha * n)
    assert scaled.df == (rho * df[0], rho * df[1])
    less = alpha * rho**2
    assert scaled.depthwise.macs == less * full.depthwise.macs
    assert scaled.pointwise.macs == alpha * less * full.pointwise.macs
    assert scaled.standard.macs == alpha * less * full.standard.macs
    assert scaled.macs_ratio == scaled.weights_ratio == Fraction(1, scaled.n) + Fraction(1, area)


def check_layers(k: Any, m: int, n: int, df: Any) -> None:
    """The same numbers from the layers that networks are made of, padded so that the map stays."""
    full = separable_cost(k=k, m=m, n=n, df=df)
    base = {"name": "x", "inputs": ("image",), "input": (*df, m)}
    depthwise, standard = Depthwise(kernel=k, **base), Conv(kernel=k, filters=n, **base)
    pointwise = Pointwise(filters=n, **base)
    for layer, counted in (
        (standard, full.standard), (depthwise, full.depthwise), (pointwise, full.pointwise)
    ):  # fmt: skip
        assert layer.macs == counted.macs
        assert prod(layer.arrays["weight"]) == counted.weights


@pytest.mark.parametrize("drawn", [2_100, pytest.param(10_500, marks=pytest.mark.long)])
def test_identities_over_thousands_of_designs(drawn: int) -> None:
    """Drawn: filter sizes to 11, channels to 8192, maps to 448, alpha and rho as fractions."""
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(drawn):
        k, (a, b), (c, d) = rng.integers(1, 12, 2), rng.integers(1, 9, 2), rng.integers(1, 9, 2)
        alpha, rho = Fraction(int(a), int(b)), Fraction(int(c), int(d))
        m, n = (int(alpha.denominator * x) for x in rng.integers(1, 1025, 2))
        df = tuple(int(rho.denominator * x) for x in rng.integers(1, 57, 2))
        design = (int(k[0]), int(k[1])), m, n, df, alpha, rho
        check(*design)
        seen.add(design)
    assert len(seen) >= drawn // 21 * 20


sizes = st.tuples(st.integers(1, 11), st.integers(1, 11))
fractions = st.fractions(Fraction(1, 8), 2, max_denominator=8)


@given(
    k=sizes, m=st.integers(1, 64), n=st.integers(1, 64), df=sizes, alpha=fractions, rho=fractions
)
def test_identities(k: Any, m: int, n: int, df: Any, alpha: Fraction, rho: Fraction) -> None:
    """The same, with a counterexample made small should there be one."""
    df = (df[0] * rho.denominator, df[1] * rho.denominator)
    m, n = m * alpha.denominator, n * alpha.denominator
    check(k, m, n, df, alpha, rho)
    check_layers(k, m, n, df)


def test_table_3_of_v1() -> None:
    """3 x 3 x 512 x 512 on 14 x 14: 462 M and 2.36 M, separable 52.3, with alpha 29.6, with rho 15.1."""
    layer: dict[str, Any] = {"k": 3, "m": 512, "n": 512, "df": 14}
    full = separable_cost(**layer)
    assert (full.standard.macs, full.standard.weights) == (462_422_016, 2_359_296)
    assert (full.separable.macs, full.separable.weights) == (52_283_392, 266_752)
    narrow = separable_cost(**layer, alpha=0.75)
    assert (narrow.separable.macs, narrow.separable.weights) == (29_578_752, 150_912)
    both = separable_cost(**layer, alpha=0.75, rho=0.714)
    assert (both.separable.macs, both.df) == (15_091_200, (10, 10))
    assert both == separable_cost(**layer, alpha="3/4", rho="0.714")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"m": 0}, "m must be a positive integer, found 0"),
        ({"n": 2.5}, "n must be a positive integer, found 2.5"),
        ({"k": 0}, "k must be a positive integer or two of them, found 0"),
        ({"df": (1, 2, 3)}, r"df must be a positive integer or two of them, found \(1, 2, 3\)"),
        ({"alpha": 0}, "alpha must be a number above 0, found 0"),
        ({"rho": "wide"}, "rho must be a number above 0, found 'wide'"),
        ({"rho": "1/0"}, "rho must be a number above 0, found '1/0'"),
        ({"alpha": -1}, "alpha must be a number above 0, found -1"),
    ],
)
def test_messages(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        separable_cost(**{"k": 3, "m": 4, "n": 5, "df": 6} | wrong)


EXAMPLE = ["ratio", "--k", "3", "--m", "64", "--n", "128", "--df", "7"]


def test_verb(capsys: Any) -> None:
    """Every step with its numbers put in, and the same fraction three times."""
    assert main(EXAMPLE) == 0
    text = capsys.readouterr().out
    assert "3·3·64·128·7·7" in text
    for number in ("3,612,672", "28,224", "401,408", "429,632", "8.41 times fewer", "88.1 % saved"):
        assert number in text
    assert text.count("= 137/1152") == 3
    assert "NOT EQUAL" not in text


def test_verb_with_multipliers(capsys: Any) -> None:
    """V1's Table 3, row by row."""
    words = ["ratio", "--k", "3", "--m", "512", "--n", "512", "--df", "14"]
    assert main([*words, "--alpha", "0.75", "--rho", "5/7", "--csv"]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert [int(row[3]) for row in rows[1:] if row[0] in ("standard", "separable")] == [
        462_422_016,
        52_283_392,
    ]
    assert [int(row[3]) for row in rows[-2:]] == [29_578_752, 15_091_200]
    assert [int(row[4]) for row in rows[-2:]] == [150_912, 150_912]


def test_json(capsys: Any) -> None:
    """Fractions as text, both designs."""
    assert main([*EXAMPLE, "--alpha", "1/2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["macs_ratio"] == document["weights_ratio"] == document["formula"] == "137/1152"
    assert document["equal"] is True
    assert document["scaled"]["n"] == 64
    assert document["scaled"]["formula"] == "73/576"
    assert document["standard"] == {"macs": 3_612_672, "weights": 73_728}


def test_verb_refuses(capsys: Any) -> None:
    """One line, exit code 1."""
    assert main([*EXAMPLE[:-1], "7", "--alpha", "0"]) == 1
    assert capsys.readouterr().err == (
        "npmobilenet ratio: separable: alpha must be a number above 0, found '0'\n"
    )
