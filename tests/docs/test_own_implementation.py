"""The page's own implementation, as a file: what a reader would run."""

import re
from pathlib import Path

import pytest

from tests.commands import ROOT, call

TITLE = "### For your own implementation"


def test_the_file_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong first, and shown by hand; right when its second spelling is there too."""
    page = (ROOT / "docs/usage.md").read_text(encoding="utf-8").partition(TITLE)[2]
    first, second, *_ = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    right = second[second.index("def ") :].partition("\n\n\n")[0]
    wrong = "import numpy as np\n\n\n" + first[first.index("def ") :].partition("x, w = rng")[0]
    file = tmp_path / "my_ops.py"
    words = ("verify", "--against", file, "--cases", 20)
    file.write_text(wrong, encoding="utf-8")
    code, out, err = call(capsys, *words)
    assert (code, err) == (1, "")
    assert "expected dx" in out
    assert "= stands where +=" in out
    assert " Again: npmobilenet exercises check" in out
    assert re.search(r"depthwise_conv2d_backward +ours +20 .* failed", out)
    assert re.search(r"depthwise_conv2d +ours +20 .* ok", out)
    file.write_text(f"{wrong}\n{right}\n", encoding="utf-8")
    code, out, err = call(capsys, *words)
    assert (code, err) == (0, "")
    assert 'with padding "same"' in out
