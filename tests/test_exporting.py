"""Weights that go to a family whose networks compute something else with them."""

from pathlib import Path

import pytest

import npmobilenet as nm


def test_what_the_family_does_differently_is_said(tmp_path: Path) -> None:
    plan = nm.plan("v2", width=0.35, classes=3, resolution=32)
    notes = nm.export_weights(plan, nm.init(plan, 0), tmp_path / "x.pth", "torchvision")
    assert notes == (
        "padding is same here, symmetric in torchvision",
        "bn_eps is 0.001 here, 1e-05 in torchvision",
    )


def test_what_has_no_say_in_a_version_is_not(tmp_path: Path) -> None:
    """PaddleClas scales V3's dropout its own way; its V1 has none."""
    plan = nm.plan("v1", width=0.25, classes=3, resolution=32)
    notes = nm.export_weights(plan, nm.init(plan, 0), tmp_path / "x.npz", "paddle")
    assert [note.split()[0] for note in notes] == ["padding", "bn_eps"]


def test_a_family_without_such_a_network(tmp_path: Path) -> None:
    plan = nm.plan("v3-small", width=0.75, classes=3, resolution=32, dialect="keras")
    for family in ("torchvision", "tutorial-d"):
        with pytest.raises(ValueError, match=r"has no v3-small of these shapes \(width 0\.75"):
            nm.export_weights(plan, nm.init(plan, 0), tmp_path / "x.pth", family)
    assert not list(tmp_path.iterdir())
