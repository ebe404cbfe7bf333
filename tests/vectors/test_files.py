"""Words for $readmemh, there and back, and arrays for C."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npmobilenet.vectors.files import c_header, hex_text, read_hex


def test_words_are_two_s_complement() -> None:
    assert hex_text(np.array([0, 1, -1, -128, 127], np.int8)) == b"00\n01\nff\n80\n7f\n"
    assert hex_text(np.array([-2, 258], np.int32)) == b"fffffffe\n00000102\n"
    assert hex_text(np.array([1.0], np.float32)) == b"3f800000\n"
    assert hex_text(np.array([], np.int8)) == b""


@given(st.lists(st.integers(-(2**31), 2**31 - 1)), st.sampled_from(["int8", "uint8", "int32"]))
def test_words_come_back(numbers: list[int], dtype: str) -> None:
    values = np.array(numbers, np.int64).astype(dtype)
    text = hex_text(values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.hex"
        for written in (
            text, text.upper(), b"// remark\n" + text, text.replace(b"\n", b" \r\n")
        ):  # fmt: skip
            path.write_bytes(written)
            assert np.array_equal(read_hex(path, dtype, values.shape), values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("00\n7\n0_1\nfg\n", "line 4: 'fg': expected 2 hex digits"),
        ("00\n01\n0x\n00\n", "line 3: '0x': a word that the simulation left unknown"),
        ("@0\n00\n", "line 1: '@0': an address"),
        ("/* two\nlines */ 00\nffffff80\n", "line 3: 'ffffff80': expected 2 hex digits"),
        ("00 01\n02\n", r"expected 4 words \(4,\), found 3"),
        ("00\n01\n02\n03\n04\n", "expected 4 words .* found 5"),
        ("", "expected 4 words .* found 0"),
        ("é\n", "line 1: is no text of hexadecimal words"),
    ],
)
def test_words_that_are_none(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "output.hex"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"output\.hex: {message}"):
        read_hex(file, "int8", (4,))


def test_other_ways_to_write_words(tmp_path: Path) -> None:
    file = tmp_path / "output.hex"
    file.write_text("// made by a simulator\n00 1\n\n f_f /* the last */ 80")
    assert read_hex(file, "int8", (2, 2)).tolist() == [[0, 1], [-1, -128]]


def test_headers_are_c() -> None:
    tensors: dict[str, Any] = {
        "bias": np.array([[-(2**31), 5]], np.int32),
        "factor": np.array([0.1], np.float32),
    }
    lines = c_header("blocks.1.add", "add", {"low": -128}, tensors).splitlines()
    assert "  blocks_1_add_low = -128," in lines
    assert "static const int32_t blocks_1_add_bias[2] = {" in lines
    assert "(-2147483647-1),5," in lines
    assert "static const float blocks_1_add_factor[1] = {" in lines
    assert "0x1.99999a0000000p-4f," in lines
