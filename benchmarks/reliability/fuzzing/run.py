"""One target under atheris, until something is found or the time is over: python -m ... NAME WORDS

The words are libFuzzer's: folders of inputs, the first of which takes new ones, and its options.
"""

import sys

import atheris

with atheris.instrument_imports(include=["npmobilenet", "zipfile", "tomllib", "gzip"]):
    from .targets import one_input


def main() -> None:
    """Never comes back."""
    name = sys.argv.pop(1)

    def tried(content: bytes) -> None:
        one_input(name, content)

    atheris.Setup(sys.argv, tried)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
