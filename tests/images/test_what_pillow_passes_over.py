"""Values that Pillow does not scale, turn or lay on white, and headers that it takes minutes for."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from npmobilenet.images import Preprocessing
from npmobilenet.images.decode import open_image, probe
from npmobilenet.ops.integers.numbers import Quantization


def tiff(bits: int, photometric: int, data: bytes, order: str) -> bytes:
    """One row of two grey pixels."""
    said = ((256, 2), (257, 1), (258, bits), (259, 1), (262, photometric), (273, 122),
            (277, 1), (278, 1), (279, len(data)))  # fmt: skip
    mark = b"II" if order == "<" else b"MM"
    entries = b"".join(struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0) for tag, value in said)
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(said)) + entries + bytes(4)
    assert len(head) == 122
    return head + data


def png(depth: int, colours: int, row: bytes, transparent: bytes) -> bytes:
    """One row of two pixels, of which one value is transparent."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    size = struct.pack(">IIBBBBB", 2, 1, depth, colours, 0, 0, 0)
    parts = (
        (b"IHDR", size),
        (b"tRNS", transparent),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


GREY = {
    "16 bits": (lambda o: tiff(16, 1, struct.pack(f"{o}HH", 0x1234, 0xFFFF), o), [18, 255]),
    "16 bits, 0 is white": (lambda o: tiff(16, 0, struct.pack(f"{o}HH", 0x1234, 0xFFFF), o), [237, 0]),
    "12 bits": (lambda o: tiff(12, 1, b"\x12\x3f\xff", o), [18, 255]),
    "16 bits, one transparent": (
        lambda o: png(16, 0, struct.pack(">HH", 0x1234, 0x8000), struct.pack(">H", 0x1234)), [255, 128]
    ),
    "8 bits, one transparent": (lambda o: png(8, 0, b"\x12\x80", b"\0\x12"), [255, 128]),
}  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", GREY)
def test_grey_values(name: str, channels: int, tmp_path: Path) -> None:
    make, expected = GREY[name]
    (tmp_path / "a").write_bytes(make("<"))
    found = np.asarray(open_image(tmp_path / "a", channels)).reshape(2, channels)
    assert (found == np.array(expected)[:, None]).all()


def test_the_other_order_of_bytes_and_what_pillow_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(GREY["16 bits"][0](">"))
    assert np.asarray(open_image(tmp_path / "a", 1)).tolist() == [[18, 255]]
    (tmp_path / "a").write_bytes(tiff(12, 0, b"\x12\x3f\xff", "<"))
    with pytest.raises(ValueError, match="a: not an image that Pillow can read"):
        open_image(tmp_path / "a", 1)


def test_colours_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    row, key = struct.pack(">6H", 0xFFFF, 0, 0, 0xFF00, 0, 0), struct.pack(">3H", 0xFFFF, 0, 0)
    (tmp_path / "a.png").write_bytes(png(16, 2, row, key))
    with pytest.raises(ValueError, match=r"a\.png: .*16-bit colours, one of them transparent"):
        open_image(tmp_path / "a.png", 3)
    (tmp_path / "a.png").write_bytes(png(8, 2, bytes(range(6)), struct.pack(">3H", 0, 1, 2)))
    assert np.asarray(open_image(tmp_path / "a.png", 3)).tolist() == [[[255, 255, 255], [3, 4, 5]]]


def test_lab_becomes_grey_by_way_of_colours(tmp_path: Path) -> None:
    lab = Image.new("LAB", (2, 2), (128, 0, 0))
    lab.save(tmp_path / "a.tiff")
    colours = open_image(tmp_path / "a.tiff", 3).convert("L")
    assert np.array_equal(np.asarray(open_image(tmp_path / "a.tiff", 1)), np.asarray(colours))


LONG = {
    "remarks in a header": (b"P6\n#" + b"x" * 10**5 + b"\n1 1\n255\nabc", "a header of more than"),
    "blanks in a header": (b"P5\n" + b" " * 10**5 + b"1 1\n255\na", "a header of more than"),
    "remarks among numbers": (b"P1\n10 10\n" + b"#\n" * 10**5, "more than 1,000 remarks"),
    "numbers and remarks": (b"P3\n9 9\n255\n" + b"1 # x\n" * 10**5, "more than 1,000 remarks"),
    "no end": (b"SIMPLE  =" + b" " * 10**5, "a FITS header without an end"),
    "a page of PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n" + b"\n" * 10**5, "not an image"),
}


@pytest.mark.parametrize("name", LONG)
def test_headers_of_no_picture_are_not_read(name: str, tmp_path: Path) -> None:
    content, why = LONG[name]
    (tmp_path / "a.jpg").write_bytes(content)
    for read in (lambda file: open_image(file, 3), probe):
        with pytest.raises(ValueError, match=rf"a\.jpg: .*{why}"):
            read(tmp_path / "a.jpg")


@pytest.mark.parametrize("number", [1, 4, 5, 6])
def test_pictures_as_programs_write_them(number: int, tmp_path: Path) -> None:
    """A remark in the header; pixels that are blanks, and that are remark signs."""
    for value in (b" ", b"#", b"\n"):
        pixels = {1: b"0 1\n" * 80_000, 4: value * 20_000}.get(number) or value * 160_000 * (
            2 * number - 9
        )
        largest = b"255\n" if number > 4 else b""
        (tmp_path / "a").write_bytes(b"P%d\n# GIMP\n400 400\n" % number + largest + pixels)
        assert open_image(tmp_path / "a", 3).size == (400, 400)


def test_numbers_of_numpy_become_python_s() -> None:
    """-(-128) is -128 in int8, and JSON takes none of them."""
    for zero in (np.int8(-128), np.int64(-128), -128):
        found = Quantization("int8", (0.1,), (zero,))
        assert [type(x) for x in found.zero_point] == [int]
    numbers = tuple(np.float32([0.5, 0.25, 0.5]))
    sizes = {
        "resolution": (np.int64(8), np.int32(9)),
        "resize": np.int64(40),
        "channels": np.int8(3),
    }
    how = Preprocessing(**sizes, mean=numbers, std=numbers)  # type: ignore[arg-type]
    kinds = {type(x) for v in how.to_json().values() for x in (v if isinstance(v, list) else [v])}
    assert kinds == {int, float, str}


@pytest.mark.parametrize(("mean", "std"), [(1e300, 1.0), (-1e35, 1.0), (0.0, 1e-46), (0.0, 1e40)])
def test_what_float32_cannot_hold_is_refused(mean: float, std: float) -> None:
    with pytest.raises(ValueError, match="for images are float32"):
        Preprocessing(resolution=(8, 8), resize=None, channels=1, mean=(mean,), std=(std,))
