"""Ready configurations for `npmobilenet train -c NAME`; the first comment of each is its title."""

from pathlib import Path

FOLDER = Path(__file__).parent
RECIPES = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def recipe_text(name: str) -> str:
    """The recipe's TOML.  KeyError for a name that is not in RECIPES."""
    return RECIPES[name].read_text(encoding="utf-8")


def recipe_title(name: str) -> str:
    """What the recipe is for, in a line: its first comment."""
    return recipe_text(name).partition("\n")[0].lstrip("# ")
