"""Files of every kind open as the picture a viewer shows, or say in one line why not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from npmobilenet.training.transforms import open_image, to_channels


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
        "folder.jpg": "no such file",
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
    with pytest.raises(ValueError, match="channels is 2"):
        to_channels(Image.new("L", (1, 1)), 2)
