"""npmobilenet recipes [NAME]."""

import argparse
import sys

from ..recipes import RECIPES, recipe_text, recipe_title
from .common import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this one, as a TOML file")
    parser.add_argument("--json", action="store_true", help="names and titles as one JSON object")
    parser.epilog = "example: npmobilenet recipes flowers-finetune > mine.toml"


def run(options: argparse.Namespace) -> int:
    """List them, or print one."""
    if options.name:
        if options.name not in RECIPES:
            from ..training.records import nearest

            raise ValueError(
                f"no recipe is called {options.name!r}; did you mean "
                f"{nearest(options.name, RECIPES)}? There are {', '.join(RECIPES)}"
            )
        sys.stdout.write(recipe_text(options.name))
    elif options.json:
        print_json({name: recipe_title(name) for name in RECIPES})
    else:
        widest = max(map(len, RECIPES))
        for name in RECIPES:
            print(f"{name:{widest}}  {recipe_title(name)}")
        print("\nuse one: npmobilenet train DATA -c NAME;  see it: npmobilenet recipes NAME")
    return 0
