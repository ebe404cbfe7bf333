"""Files of every kind open as the picture a viewer shows, or say in one line why not."""

import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npmobilenet import limits
from npmobilenet.images import converting
from npmobilenet.images.converting import to_channels
from npmobilenet.images.decode import open_image, probe
from npmobilenet.images.inputs import opened


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    pixels = np.array([[0, 50, 100], [150, 200, 250]], np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    upright = np.asarray(open_image(tmp_path / "turned.png", 1))
    np.testing.assert_array_equal(upright, np.rot90(pixels, -1))


def test_alpha_is_laid_on_white(tmp_path: Path) -> None:
    rgba = np.array([[[9, 9, 9, 0], [10, 20, 30, 255], [0, 0, 0, 128]]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "alpha.png")
    seen = np.asarray(open_image(tmp_path / "alpha.png", 3))
    np.testing.assert_array_equal(seen, [[[255] * 3, [10, 20, 30], [127] * 3]])
    grey = np.asarray(open_image(tmp_path / "alpha.png", 1))
    np.testing.assert_array_equal(grey, [[255, 18, 127]])  # .299 * 10 + .587 * 20 + .114 * 30


def test_palettes_show_their_colours(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.frombytes(b"\x00\x01")
    image.save(tmp_path / "opaque.png")
    image.save(tmp_path / "clear.png", transparency=b"\xff\x00")
    seen = np.asarray(open_image(tmp_path / "opaque.png", 3))
    np.testing.assert_array_equal(seen, [[[255, 0, 0], [0, 0, 255]]])
    seen = np.asarray(open_image(tmp_path / "clear.png", 3))
    np.testing.assert_array_equal(seen, [[[255, 0, 0], [255, 255, 255]]])


def test_sixteen_bit_grey_is_scaled(tmp_path: Path) -> None:
    deep = np.array([[0, 128, 129, 256, 1000, 32768, 65535]], np.uint16)
    expected = np.round(deep / 257).astype(np.uint8)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray(deep).save(tmp_path / "deep.tiff")
    for name in ("deep.png", "deep.tiff"):
        np.testing.assert_array_equal(np.asarray(open_image(tmp_path / name, 1)), expected)
    rgb = np.asarray(open_image(tmp_path / "deep.png", 3))
    np.testing.assert_array_equal(rgb, np.repeat(expected[:, :, None], 3, axis=2))
    wide = Image.fromarray(deep.astype(np.int32))
    np.testing.assert_array_equal(np.asarray(to_channels(wide, 1)), expected)


def test_cmyk_bilevel_and_grey_become_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg", quality=100)
    red = np.asarray(open_image(tmp_path / "cmyk.jpg", 3), dtype=int)
    assert np.abs(red - [255, 0, 0]).max() <= 3
    Image.new("1", (2, 2), 1).save(tmp_path / "bilevel.png")
    assert (np.asarray(open_image(tmp_path / "bilevel.png", 3)) == 255).all()
    Image.new("LA", (2, 2), (40, 255)).save(tmp_path / "la.png")
    assert (np.asarray(open_image(tmp_path / "la.png", 1)) == 40).all()


def _broken_files(folder: Path) -> dict[str, str]:
    (folder / "text.jpg").write_text("no image at all")
    (folder / "empty.png").write_bytes(b"")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    picture = Image.fromarray(noise)
    picture.save(folder / "whole.png")
    whole = (folder / "whole.png").read_bytes()
    (folder / "short.png").write_bytes(whole[: len(whole) // 2])
    picture.save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "short.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "folder.jpg").mkdir()
    Image.fromarray(np.zeros((2, 2), np.float32)).save(folder / "float.tiff")
    return {
        "text.jpg": "not an image",
        "empty.png": "not an image",
        "short.png": "cannot be decoded",
        "short.jpg": "cannot be decoded",
        "folder.jpg": "a folder, not an image file",
        "absent.jpg": "no such file",
        "float.tiff": "float pixels",
    }


def test_broken_files_are_named_in_one_line(tmp_path: Path) -> None:
    for name, reason in _broken_files(tmp_path).items():
        with pytest.raises(ValueError, match=reason) as caught:
            open_image(tmp_path / name, 3)
        assert str(tmp_path / name) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_values_beyond_sixteen_bits_are_refused() -> None:
    with pytest.raises(ValueError, match=r"grey values 0\.\.70000 do not fit"):
        to_channels(Image.fromarray(np.array([[0, 70000]], np.int32)), 1)


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="channels must be 1 or 3, found 2"):
        to_channels(Image.new("L", (1, 1)), 2)


# ---- what viewers open, opens --------------------------------------------------------------------

NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
GARBAGE = b"\x00\x08\x00\x02\x01\x12\x00\x03" + bytes(30)
# one entry, the orientation 6; then the same as text, and with an entry that points nowhere
EXIF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
ODD_EXIF = {
    "garbage": GARBAGE,
    "empty": b"",
    "cut": EXIF[:9],
    "text": EXIF.replace(b"\0\x03\0\0\0\x01\0\x06", b"\0\x02\0\0\0\x01\0\x06"),
}


def chunk(name: bytes, data: bytes, damage: int = 0) -> bytes:
    checksum = zlib.crc32(name + data) ^ damage
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def png_with(path: Path, extra: bytes, behind: bool = False) -> Path:
    """NOISE as PNG, with a chunk more before or behind its pixels."""
    Image.fromarray(NOISE).save(path)
    whole = path.read_bytes()
    place = len(whole) - 12 if behind else 33
    path.write_bytes(whole[:place] + extra + whole[place:])
    return path


@pytest.mark.parametrize("what", ODD_EXIF)
def test_broken_exif_is_passed_over(what: str, tmp_path: Path) -> None:
    block = ODD_EXIF[what]
    png_with(tmp_path / "a.png", chunk(b"eXIf", block))
    Image.fromarray(NOISE).save(tmp_path / "b.webp", exif=b"Exif\0\0" + block, lossless=True)
    Image.fromarray(NOISE).save(tmp_path / "plain.jpg")
    Image.fromarray(NOISE).save(tmp_path / "c.jpg", exif=b"Exif\0\0" + block)
    for name in ("a.png", "b.webp"):
        np.testing.assert_array_equal(np.asarray(open_image(tmp_path / name, 3)), NOISE)
    found, expected = (open_image(tmp_path / name, 3) for name in ("c.jpg", "plain.jpg"))
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations(orientation: int, tmp_path: Path) -> None:
    """Row 0 and column 0 of the file lie where the EXIF standard's table says."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(NOISE).save(tmp_path / "a.png", exif=exif)
    up = {
        1: NOISE, 2: NOISE[:, ::-1], 3: NOISE[::-1, ::-1], 4: NOISE[::-1], 5: NOISE.swapaxes(0, 1),
        6: np.rot90(NOISE, -1), 7: NOISE[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(NOISE),
    }[orientation]  # fmt: skip
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.png", 3)), up)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"iCCP", b"large\0\0" + zlib.compress(bytes(5 << 20))),
        chunk(b"iCCP", b"x\0\0garbage"),
        chunk(b"iCCP", b""),
        chunk(b"iCCP", b"x\0\x05" + zlib.compress(b"x")),
        chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(5 << 20))),
        chunk(b"tEXt", b"k\0v", damage=1),
        chunk(b"pHYs", b"x"),
        chunk(b"gAMA", b""),
        chunk(b"acTL", b""),
        chunk(b"eXIf", EXIF[:9], damage=1),
    ],
)
def test_damage_beside_the_picture_is_passed_over(extra: bytes, tmp_path: Path) -> None:
    for behind in (False, True):
        path = png_with(tmp_path / "a.png", extra, behind)
        np.testing.assert_array_equal(np.asarray(open_image(path, 3)), NOISE)
        probe(path)


def test_transparency_and_orientation_stay_where_a_profile_is_dropped(tmp_path: Path) -> None:
    colour = tuple(map(int, NOISE[0, 0]))
    clear = chunk(b"tRNS", struct.pack(">3H", *colour)) + chunk(b"eXIf", EXIF) + chunk(b"iCCP", b"")
    seen = np.asarray(open_image(png_with(tmp_path / "a.png", clear), 3))
    expected = np.where((colour == NOISE).all(axis=2, keepdims=True), 255, NOISE)
    np.testing.assert_array_equal(seen, np.rot90(expected, -1))


def test_damage_in_the_picture_stays_an_error(tmp_path: Path) -> None:
    whole = png_with(tmp_path / "a.png", chunk(b"iCCP", b"")).read_bytes()
    place = whole.index(b"IDAT") + 60
    for damaged in (whole[:-200], whole[:place] + b"\xff\0\xff" + whole[place + 3 :]):
        (tmp_path / "a.png").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"a\.png: "):
            open_image(tmp_path / "a.png", 3)


def test_a_damaged_palette_is_no_damage_beside_the_picture(tmp_path: Path) -> None:
    Image.fromarray(NOISE).quantize(8).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    place = whole.index(b"PLTE") + 4
    (tmp_path / "a.png").write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
    with pytest.raises(ValueError, match=r"a\.png: "):
        open_image(tmp_path / "a.png", 3)


def test_pillows_warnings_are_not_shown(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    png_with(tmp_path / "a.png", b"")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)  # 768 are a warning, 1001 an error
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: open_image(tmp_path / "a.png", 3).size, range(20)))
    assert found == [(32, 24)] * 20
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
    with pytest.raises(ValueError, match=r"a\.png: more than 600 pixels; make a smaller copy"):
        open_image(tmp_path / "a.png", 3)
    assert not recwarn.list
    warnings.warn("as before", UserWarning, stacklevel=1)
    assert len(recwarn.list) == 1  # what Pillow may not, others may again


def test_what_is_no_picture_runs_no_other_program(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(ValueError, match=r"a\.png: not an image"):
        open_image(tmp_path / "a.png", 3)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    for name in ("pipe.png", "loop.png"):
        with pytest.raises(ValueError, match=r"\.png: not a file, but a link to nowhere, a pipe"):
            open_image(tmp_path / name, 3)


def test_names_of_any_bytes_are_opened_and_said(tmp_path: Path) -> None:
    name = os.path.join(tmp_path, os.fsdecode(b"caf\xe9\n\x1b[31m.png"))
    try:
        with open(name, "wb") as file:
            Image.fromarray(NOISE).save(file, "PNG")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    np.testing.assert_array_equal(np.asarray(open_image(name, 3)), NOISE)
    with open(name, "wb"):
        pass
    with pytest.raises(ValueError, match=r"caf\\xe9\\n\\x1b\[31m\.png: not an image"):
        open_image(name, 3)


@pytest.mark.parametrize("wrong", [None, (), np.zeros(3), b"x", 3, "", "a\0b"])
def test_what_names_no_file_is_no_path(wrong: Any) -> None:
    for call in (lambda: open_image(wrong, 3), lambda: probe(wrong)):
        with pytest.raises(
            (TypeError, ValueError), match=r"^an image must be the name of a file, found"
        ):
            call()


# ---- memory ---------------------------------------------------------------------------------------


def test_parts_are_converted_as_the_whole_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (24, 32, 4), np.uint8)
    deep = np.random.default_rng(2).integers(0, 65536, (24, 32), np.uint16)
    palette = Image.fromarray(NOISE).quantize(16)
    palette.info["transparency"] = bytes(range(0, 256, 16))
    images = [Image.fromarray(rgba), Image.fromarray(deep), palette, Image.fromarray(rgba[..., :2])]
    images.append(Image.fromarray(deep.astype(np.int32)))
    assert [image.mode for image in images] == ["RGBA", "I;16", "P", "LA", "I"]
    for image in images:
        for channels in (1, 3):
            whole = np.asarray(to_channels(image, channels))
            for part in (5, 100):  # less than a row, and some rows
                with monkeypatch.context() as patched:
                    patched.setattr(converting, "PART", part)
                    found = np.asarray(to_channels(image, channels))
                np.testing.assert_array_equal(found, whole)


def test_pixels_beyond_the_limit_are_not_decoded(tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / "plain.png")
    Image.new("RGBA", (32, 24)).save(tmp_path / "alpha.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(NOISE).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(NOISE).save(tmp_path / "turned.tif", exif=exif)
    with limits.at_most(32 * 24 * 4):
        assert open_image(tmp_path / "plain.png", 3).size == (32, 24)
        for name in ("alpha.png", "turned.png", "turned.tif"):
            with pytest.raises(ValueError, match=rf"{name}: 32 x 24|{name}: 24 x 32") as caught:
                open_image(tmp_path / name, 3)
            assert "pixels take 6,144 bytes, more than the 3,072 bytes" in str(caught.value)
            assert str(caught.value).endswith("where it is right: NPMOBILENET_LARGEST")


@pytest.mark.parametrize("name", ["a.webp", "a.jp2", "passes.jpg"])
def test_what_decoders_take_themselves_counts(name: str, tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / name, progressive=True)
    with limits.at_most(9 * 32 * 24), pytest.raises(ValueError, match="32 x 24 pixels take"):
        open_image(tmp_path / name, 3)
    with limits.at_most(22 * 32 * 24):
        assert open_image(tmp_path / name, 3).size == (32, 24)


def test_what_is_upright_is_not_turned_again(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.png", "a.jpg", "a.webp", "a.tif"):
        Image.fromarray(NOISE).save(tmp_path / name, exif=exif)
        found = open_image(tmp_path / name, 3)
        assert found.size == opened(found, 3).size == (24, 32)
