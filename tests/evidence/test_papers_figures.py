"""The published tables as typed here hold every figure of theirs that is known outside the repository."""

import json
import re
from collections import Counter
from pathlib import Path

from npmobilenet.evidence import all_cells

# beginning of a figure's source -> source and table of cells: a name, "" for any, or where to find it
TABLES = {
    "arXiv:1704.04861 ": ("v1", r"Table (\d+)"),
    "arXiv:1801.04381 ": ("v2", r"Table (\d+)"),
    "arXiv:1905.02244 earlier": ("v3", "3 before v5"),
    "arXiv:1905.02244": ("v3", r"Table (\d+)"),
    "tensorflow/models research/slim/nets/mobilenet_v1.md": ("tf", "v1"),
    "tensorflow/models research/slim/nets/mobilenet_v1.py": ("tf", "v1 layers"),
    "tensorflow/models research/slim/nets/mobilenet/README.md": ("tf", ""),
    "keras-team/keras keras/": ("keras", "v3"),
    "keras-team/keras-applications keras_applications/mobilenet.py": ("keras", ""),
    "keras-team/keras-applications README.md": ("keras", "README"),
    "keras.io/": ("keras", "keras.io"),
    "torchvision==0.28.0 torchvision/models/mobilenet": ("torchvision", "weights"),
    "torchvision==0.28.0 models/quantization": ("torchvision", "quantized"),
}
NOT_TYPED = {("v1", "10"), ("v3", "5")}  # fine-grained recognition; a study of activations


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*\.?\d*", text)]


def place(source: str) -> tuple[str, str] | None:
    """Source and table ("" for any) of a figure; None if it stands in no table."""
    for start, (name, table) in TABLES.items():
        if source.startswith(start):
            found = re.search(table, source) if "(" in table else None
            if "(" in table and found is None:
                return None  # a figure in the text
            return name, found[1] if found else table
    return None


def test_known_figures_are_typed(extra_data: Path) -> None:
    """As often as a table has a number, so often is it here."""
    typed: dict[tuple[str, str], Counter[float]] = {}
    for cell in all_cells():
        for table in (cell.table, ""):
            typed.setdefault((cell.source, table), Counter()).update(numbers(cell.printed))
    known: dict[tuple[str, str], Counter[float]] = {}
    for figure in json.loads((extra_data / "facts" / "reference_figures.json").read_text()):
        where = place(figure["source"])
        if where and where not in NOT_TYPED:
            known.setdefault(where, Counter()).update(numbers(str(figure["value"])))
    assert sum(map(Counter.total, known.values())) > 500
    missing = {where: left for where, found in known.items() if (left := found - typed[where])}
    assert missing == {}
