"""Models that come with the package: NAME.safetensors in half precision, NAME.md its model card.

Wherever weights are asked for, "fashion-mnist" stands for such a file.  `ship.py` makes them.
"""

from pathlib import Path

FOLDER = Path(__file__).parent


def shipped() -> dict[str, Path]:
    """Name and file of every model that is here."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.safetensors"))}
