"""What outside code imports from where it used to stand is still found there, and is the very same."""

from importlib import import_module

import pytest

# the old place, the name, the place it is in now
MOVED = [
    ("weights.importing", "read_class_names", "names"),
]


@pytest.mark.parametrize(("old", "name", "now"), MOVED)
def test_old_place(old: str, name: str, now: str) -> None:
    places = (import_module(f"npmobilenet.{place}") for place in (old, now))
    first, second = (getattr(place, name) for place in places)
    assert first is second
