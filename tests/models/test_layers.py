"""Layers that somebody writes: their settings are looked at when they are made."""

import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models import layers
from npmobilenet.models.capability_table import samples

NAN = float("nan")
# kind or function, setting, what it must not be
WRONG: list[tuple[str, str, Any]] = [
    *(("conv", "filters", value) for value in (0, -1, 1.5, True, None, 2**64)),
    *(("grouped_conv", "groups", value) for value in (0, -2, 1.5, "2")),
    *(("dense", "units", value) for value in (0, "3", np.float32(3))),
    *((kind, "bias", value) for kind in ("conv", "dense", "pointwise") for value in (1, None, "no")),
    *(("batch_norm", "eps", value) for value in (NAN, -1e-3, float("inf"), "1e-3", None)),
    *(("batch_norm", "momentum", value) for value in (NAN, -0.1, 1.1, True)),
    *(("dropout", "rate", value) for value in (NAN, -0.1, 2, "0.5")),
    *(("dropout", "mode", value) for value in ("upscale", None, 3)),
    *(("hard_sigmoid", "slope", value) for value in (NAN, 0, -1.0, "1/6")),
    *(("max_pool", "ceil_mode", value) for value in (1, None)),
    ("average_pool", "count_padding", "yes"),
    *(("relu", "input", value) for value in ((), (8, 8, 0), (8, 8.0, 4), [8, 8, 4], (1, 2, 3, 4), None)),
    *(("relu", "inputs", value) for value in ("image", ["image"], (3,), None)),
    *(("relu", "name", value) for value in (3, None)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "setting", "value"), WRONG)
def test_settings_that_no_operator_takes_are_refused(kind: str, setting: str, value: Any) -> None:
    good = samples()[kind]
    with pytest.raises(
        (TypeError, ValueError), match=rf"^(a layer's|x:) {setting} must be .*found"
    ) as said:
        replace(good, **{setting: value})
    assert "\n" not in str(said.value)


def test_the_ends_of_ranges_are_taken() -> None:
    for kind, settings in (
        ("batch_norm", {"eps": 0, "momentum": np.float32(1)}),
        ("dropout", {"rate": 1, "mode": "downscale_in_infer"}),
        ("hard_sigmoid", {"slope": 0.2}),
        ("conv", {"filters": np.int64(3), "bias": np.bool_(True)}),
    ):
        replace(samples()[kind], **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "value"),
    [("dialect", "keras"), ("model", 3), ("family", "v1"), ("width", NAN), ("include_top", 1)],
)
def test_parts_of_a_plan_are_looked_at(part: str, value: Any) -> None:
    plan = nm.plan("v1", resolution=32, classes=2)
    with pytest.raises((TypeError, ValueError), match=re.escape(f"Plan: {part} must be")):
        replace(plan, **{part: value})


def test_every_setting_of_every_kind_is_looked_at() -> None:
    """But the window's, which looks itself, and the name of a function, which consumers know."""
    from npmobilenet.models.layer import SETTINGS

    elsewhere = {"name", "kernel", "stride", "padding", "function"}
    for kind in layers.KINDS:
        assert {field.name for field in fields(kind)} <= set(SETTINGS) | elsewhere, kind.kind
