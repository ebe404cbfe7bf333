"""npmobilenet recipes [NAME]."""

import argparse
import sys

from ..recipes import RECIPES, recipe_text, recipe_title
from ..tables import table
from .common import console, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this one, as a TOML file")
    parser.add_argument("--json", action="store_true", help="names and titles as one JSON object")
    parser.set_defaults(wrong_usage=parser.error)
    parser.epilog = "example: npmobilenet recipes flowers-finetune > mine.toml"


def run(options: argparse.Namespace) -> int:
    """List them, or print one."""
    if options.name and options.json:
        options.wrong_usage("--json is of the list; a NAME prints its TOML file")
    if options.name:
        if options.name not in RECIPES:
            from ..settings import nearest

            raise ValueError(
                f"no recipe is called {options.name!r}; did you mean "
                f"{nearest(options.name, RECIPES)}? There are {', '.join(RECIPES)}"
            )
        sys.stdout.write(recipe_text(options.name))
    elif options.json:
        print_json({name: recipe_title(name) for name in RECIPES})
    else:
        console().print(
            table(("name", "what it trains"), ((name, recipe_title(name)) for name in RECIPES)),
            "use one: npmobilenet train DATA -c NAME;  see it: npmobilenet recipes NAME",
            sep="\n",
        )
    return 0
