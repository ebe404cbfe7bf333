"""Damaged TIFFs are one line of ours; what libtiff prints of them from C is not seen."""

import struct
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from npmobilenet.images.decode import open_image, probe
from npmobilenet.images.tolerance import TOLERANT

NOISE = np.random.default_rng(0).integers(0, 256, (24, 16, 3), np.uint8)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    kept = BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(kept, "TIFF", compression="tiff_adobe_deflate")
    content = bytearray(kept.getvalue())
    content[200:260] = bytes(60)
    path = tmp_path / "damaged.tif"
    path.write_bytes(content)
    return path


def test_a_damaged_tiff_is_one_line_of_ours(damaged: Path, capfd: Any) -> None:
    with pytest.raises(ValueError, match=r"damaged\.tif: cannot be decoded"):
        open_image(damaged, 3)
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not TOLERANT.tiff.set, reason="libtiff is a part of Pillow here")
def test_it_would_speak_and_speaks_again(damaged: Path, capfd: Any) -> None:
    with pytest.raises(ValueError, match="decoded"):
        open_image(damaged, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(OSError, match="decoder error"), Image.open(damaged) as image:
            image.load()
    assert "ecod" in capfd.readouterr().err


def retagged(path: Path, **tags: int) -> None:
    """The file with other values of tags that hold one number."""
    content = bytearray(path.read_bytes())
    for name, value in tags.items():
        entry = struct.pack("<HHI", ExifTags.Base[name], 4, 1)
        short = struct.pack("<HHI", ExifTags.Base[name], 3, 1)
        place = content.find(short) if entry not in content else content.find(entry)
        content[place : place + 12] = entry + struct.pack("<I", value)
    path.write_bytes(content)


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_more_rows_than_strips_are_cut_off(compression: str | None, tmp_path: Path) -> None:
    path = tmp_path / "long.tif"
    Image.fromarray(NOISE).save(path, compression=compression, tiffinfo={278: 8})
    assert open_image(path, 3).size == (16, 24)
    retagged(path, ImageLength=1_000_000)
    expected = r"long\.tif: .*cut off: 16 x 1,000,000 pixels need 125,000 strips, found 3$"
    for look in (probe, lambda name: open_image(name, 3)):
        with pytest.raises(ValueError, match=expected):
            look(path)
    retagged(path, ImageLength=16)
    with pytest.raises(ValueError, match=r"decoded: 16 x 16 pixels need 2 strips, found 3$"):
        open_image(path, 3)
    retagged(path, ImageLength=40, RowsPerStrip=0)
    with pytest.raises(ValueError, match=r"long\.tif: cannot be decoded: strips of 16 x 0 pixels"):
        open_image(path, 3)
    retagged(path, ImageLength=3000, RowsPerStrip=1000)  # as many, but with too few bytes
    with pytest.raises(ValueError, match=r"long\.tif: cannot be decoded"):
        open_image(path, 3)


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("tiled", [False, True])
def test_strips_and_tiles_of_planes_are_counted(tiled: bool, planes: int, tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    given = NOISE if planes == 1 else np.ascontiguousarray(NOISE.transpose(2, 0, 1))
    how = {"tile": (16, 16)} if tiled else {"rowsperstrip": 7}
    kind = ("contig", "separate")[planes - 1]
    tifffile.imwrite(tmp_path / "a.tif", given, photometric="rgb", planarconfig=kind, **how)
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.tif", 3)), NOISE)
    retagged(tmp_path / "a.tif", ImageLength=1600)
    count = (100 if tiled else 229) * (3 if planes == 2 else 1)
    with pytest.raises(ValueError, match=f"cut off: 16 x 1,600 pixels need {count} "):
        open_image(tmp_path / "a.tif", 3)


def test_all_pages_and_strips_that_pillow_writes_open(tmp_path: Path) -> None:
    for how in (
        {}, {"compression": "packbits"}, {"compression": "tiff_adobe_deflate"}, {"big_tiff": True},
        {"compression": "jpeg"}, {"save_all": True, "append_images": [Image.new("L", (5, 9))]},
        {"tiffinfo": {278: 1}}, {"tiffinfo": {278: 100_000}}, {"tiffinfo": {274: 6}},
    ):  # fmt: skip
        Image.fromarray(NOISE).save(tmp_path / "a.tif", **how)
        assert sorted(open_image(tmp_path / "a.tif", 3).size) == [16, 24]
