"""The model that predicts scaling: it finds again what it was told, and is bounded by what cannot be."""

import json
from typing import Any

import numpy as np
import pytest

from benchmarks.scaling import CHECKED, checked, predictions
from benchmarks.scaling_model import Network, fitted, ideal, step
from benchmarks.scaling_worker import counted
from tests.commands import ROOT

NETWORK = Network(latency=60e-6, cost=1e-9, framing=1.05)
BYTES, READY = [4e6, 4e6, 2e6, 1e6], [0.4, 0.5, 0.7, 0.95]
MEASURED = ROOT / "docs/pictures/measured/scaling.json"


def run(bandwidth: float, overlap: float) -> dict[str, Any]:
    sums = NETWORK.sums(BYTES, 2, bandwidth)
    return {
        "bandwidth": bandwidth,
        "small": {"4": 2 * NETWORK.latency},
        "bytes": BYTES,
        "ready": READY,
        "compute": 0.2,
        "sums": sum(sums),
        "step": step(0.2, READY, sums, overlap),
    }


def test_what_made_the_runs_is_found() -> None:
    network, overlap = fitted([run(bandwidth, 0.8) for bandwidth in (np.inf, 5e8, 2e9)])
    for name, value in vars(NETWORK).items():
        assert getattr(network, name) == pytest.approx(value), name
    assert overlap == pytest.approx(0.8)


def test_a_step_lies_between_all_beside_and_all_after() -> None:
    sums = [0.01, 0.3, 0.02, 0.01]
    assert ideal(0.2, READY, sums) == pytest.approx(0.1 + 0.3 + 0.02 + 0.01)
    assert ideal(1.0, READY, [0.0] * 4) == 1.0
    assert ideal(1.0, READY, [0.0, 0.0, 0.0, 0.1]) == pytest.approx(1.05)
    assert step(0.2, READY, sums, 0) == pytest.approx(0.2 + sum(sums))
    assert step(0.2, READY, sums, 1) == ideal(0.2, READY, sums)


def test_a_ring_sends_less_than_twice_the_bytes() -> None:
    """2 (n - 1) / n of them, whatever n; 2 (n - 1) messages."""
    plain = Network(0.0, 0.0, 1.0)
    for hosts in (1, 2, 64):
        (took,) = plain.sums([1e6], hosts, 8e6)
        assert took == pytest.approx(2 * (hosts - 1) / hosts)
    (waits,) = Network(1.0, 0.0, 0.0).sums([1e6], 64, 1e9)
    assert waits == pytest.approx(126)


def test_rounds_in_which_others_worked_do_not_count() -> None:
    took = [1.0, 1.0, 3.0, 2.0, 4.0]
    assert counted([0.0, 0.5, 0.01, 0.02, 0.9], took) == [0, 3, 2]
    assert counted([0.0] * 5, took) == [0, 1, 3]
    assert sorted(counted([0.5, 0.4, 0.9, 0.7], took)) == [0, 1, 3]


def test_what_is_drawn_was_measured() -> None:
    """The file has what the model predicts from its runs, and the chapter says what they say."""
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    network, overlap, predicted, real = checked(found)
    assert abs(predicted / real - 1) <= 0.15
    told = json.loads(json.dumps(predictions(found, network, overlap)))
    assert told == found["predicted"]
    page = (ROOT / "docs/many-machines.md").read_text(encoding="utf-8")
    (run,) = (run for run in found["ranks"] if run["model"] == "v1")
    (at,) = (run for run in found["hosts"] if run["rate"] == CHECKED)
    for said in (
        f"{2 * run['alone'] / run['step']:.2f} times",
        f"predicted {1e3 * predicted:.0f} ms, measured {1e3 * real:.0f} ms",
        f"{1e3 * at['sums']:.0f} ms",
    ):
        assert said in page, said
