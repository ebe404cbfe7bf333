"""A program in C computes a block from its headers alone; mistakes planted in it are found and named."""

from pathlib import Path

import pytest

from npmobilenet.vectors import check

from .block import COMPILER, PROGRAM, compiled, write_block

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")

WHOLE = "(int64_t)total * multiplier"
ROUNDED = "    return shift > 0 ? (high + (1LL << (shift - 1)) - (high < 0)) >> shift : high;"
CLAMPED = "    return value < low ? low : value > high ? high : value;"
# name -> what is planted in place of what; the tensor where it is seen first ("": where a sum below 0
# lies halfway), and how it is named
FAULTS = {
    "truncated": (
        ROUNDED, f"    return {WHOLE} >> (31 + shift);",
        "blocks.3.expand output", "it is truncated towards minus infinity, not rounded",
    ),
    "rounded once": (
        ROUNDED, f"    return ({WHOLE} + (1LL << (30 + shift))) >> (31 + shift);",
        "blocks.3.expand output", "it is rounded once, half an integer upwards",
    ),
    "second rounding upwards": (
        "- (high < 0)", "",
        "", "of the two roundings the second takes half an integer upwards",
    ),
    "padding 0": (
        ": a.pad)", ": 0)",
        "blocks.3.depthwise accumulators", "padding is 0, not the zero point of the input",
    ),
    "wraps": (
        CLAMPED, "    return value;",
        "blocks.3.expand output", "what is beyond 8 bits wraps instead of being clamped",
    ),
    "clamped too early": (
        f"    value += zero;\n{CLAMPED}",
        "    return (value < low ? low : value > high ? high : value) + zero;",
        "blocks.3.expand output", "it is clamped before the zero point is added, and wraps",
    ),
    "16 bits": (
        "sums[at] = total;", "sums[at] = total = (int16_t)total;",
        "blocks.3.expand accumulators", "the accumulator keeps 16 bits and wraps",
    ),
    "filter across": (
        "? (u * a.kx + v) * a.outs", "? (v * a.kx + u) * a.outs",
        "blocks.3.depthwise accumulators", "rows and columns of the filter are exchanged",
    ),
    "filter rotated": (
        "? (u * a.kx + v) * a.outs", "? ((a.ky - 1 - u) * a.kx + a.kx - 1 - v) * a.outs",
        "blocks.3.depthwise accumulators", "the filter is rotated by 180 degrees",
    ),
    "no bias": (
        "int32_t total = a.bias[o];", "int32_t total = 0;",
        "blocks.3.expand accumulators", "the bias is missing",
    ),
    "another channel's shift and multiplier": (
        "a.multiplier[o], a.shift[o]", "a.multiplier[0], a.shift[0]",
        "blocks.3.expand output", "every output channel has the factor of the first",
    ),
    "zero point of the input": (
        "- a.zero) * a.weight", ") * a.weight",
        "blocks.3.expand accumulators", "the zero point of the input is not subtracted",
    ),
    "zero point of the output": (
        "    value += zero;\n", "",
        "blocks.3.expand output", "the zero point of the output is not added",
    ),
    "written across": (
        "int at = (i * a.columns + j)", "int at = (j * a.rows + i)",
        "blocks.3.expand accumulators", "its rows and columns are exchanged",
    ),
    "bytes unsigned": (
        "(inside ? x[", "(inside ? ((const uint8_t *)x)[",
        "blocks.3.expand accumulators", "bytes of the input are read as unsigned",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_block(tmp_path_factory.mktemp("vectors"))


def test_the_program_is_equal(vectors: Path, tmp_path: Path) -> None:
    found = check(vectors, compiled(vectors, PROGRAM.read_text(), tmp_path / "right"))
    assert [look.state for look in found.looked] == ["equal"] * 8


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(name: str, vectors: Path, tmp_path: Path) -> None:
    """In every layer that has it: the others are right for what went in."""
    old, new, place, text = FAULTS[name]
    source = PROGRAM.read_text()
    assert source.count(old) == 1
    checked = check(vectors, compiled(vectors, source.replace(old, new), tmp_path / "wrong"))
    first = checked.differences[0]
    assert place in ("", f"{first.layer} {first.tensor}")
    assert any(found.endswith(text) for found in first.explanations)
    for difference in checked.differences:
        assert difference.explanations, difference


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sums[at] = total;", "sums[at] = total += i == 2 && j == 3 && o == 7;"),
        ("u < a.ky; u++", "u < a.ky - (i == 1); u++"),
        ("1LL << (shift - 1)", "1LL << (shift - 2)"),
    ],
)
def test_another_fault_is_located_and_not_named(
    old: str, new: str, vectors: Path, tmp_path: Path
) -> None:
    source = PROGRAM.read_text()
    assert source.count(old) == 1
    found = check(vectors, compiled(vectors, source.replace(old, new), tmp_path / "wrong"))
    assert found.differences
    assert not any(difference.explanations for difference in found.differences)
    if "total +=" in new:
        assert found.differences[0].index == (0, 2, 3, 7)
