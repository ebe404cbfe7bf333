"""libtiff prints from C what it finds wrong: nobody sees it, and afterwards it speaks as before."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npmobilenet.images.decode import TOLERANT, open_image


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
