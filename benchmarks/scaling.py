"""python -m benchmarks.scaling: training on 1 and 2 ranks measured, on 1 to 64 hosts predicted.

Weak scaling: each rank has the same batch.  Two ranks of one thread share this machine; where network
namespaces may be made, two hosts are joined by a cable of limited bandwidth.  A model fitted to the runs
without a limit, with 500 Mb/s and with 2 Gb/s is checked against the run at 1 Gb/s, and predicts.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from npmobilenet.cli.common import console
from npmobilenet.tables import markdown_text, table

from .hardware import here
from .scaling_hosts import refusal, two_hosts
from .scaling_model import Network, fitted, step

FITTED, CHECKED = ("", "500mbit", "2gbit"), "1gbit"
BITS = {"": float("inf"), "500mbit": 5e8, "1gbit": 1e9, "2gbit": 2e9}
HOSTS = (1, 2, 4, 8, 16, 32, 64)
SPEEDS = (1, 10, 100)  # Gb/s
ONE_THREAD = {"NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def worker(start: list[str], *words: str) -> list[dict[str, Any]]:
    """What the first rank prints of each model."""
    command = [*start, sys.executable, "-m", "benchmarks.scaling_worker", *words]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """All runs: two ranks on this machine, two hosts at each bandwidth, V1, V2, V3 for the prediction."""
    words = [f"--batch={options.batch}", f"--resolution={options.resolution}"]
    words += [f"--rounds={options.rounds}", f"--times={options.times}"]
    words += [f"--patience={options.patience}", *["--ahead"] * options.ahead]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    start = [str(shutil.which("mpiexec", path=path)), "-n", "2"]
    found: dict[str, Any] = {"here": here(), "options": vars(options) | {"save": ""}}
    found["ranks"] = worker(start, f"--models={options.models}", *words)
    found["no delay because"] = refusal(delay_us=50)
    found["no hosts because"] = refusal()
    found["hosts"] = []
    if not found["no hosts because"]:
        for rate in (*FITTED, CHECKED):
            with two_hosts(rate) as hosts:
                (run,) = worker(hosts, "--models=v1", *words)
            found["hosts"].append({"rate": rate, "bandwidth": str(BITS[rate]), **run})
    return found


def checked(found: dict[str, Any]) -> tuple[Network, float, float, float]:
    """The model of the fitted runs, and predicted and measured seconds of a step at 1 Gb/s."""
    runs = {run["rate"]: {**run, "bandwidth": float(run["bandwidth"])} for run in found["hosts"]}
    network, overlap = fitted([runs[rate] for rate in FITTED])
    run = runs[CHECKED]
    # of this run nothing is used but its bandwidth, and how long it computes without any sum
    sums = network.sums(run["bytes"], 2, run["bandwidth"])
    return network, overlap, step(run["compute"], run["ready"], sums, overlap), run["step"]


def rows_of(runs: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, ...]]:
    """A line for each run on two ranks or hosts."""
    rows = []
    for name, run in runs:
        hidden = run["compute"] + run["sums"] - run["step"]
        times = (run[key] * 1e3 for key in ("alone", "compute", "sums", "step"))
        rate = run["ranks"] * run["batch"] / run["step"]
        gain = run["ranks"] * run["alone"] / run["step"]
        told = run["sums"] > 0.1 * run["step"]  # of shorter ones noise would say it
        overlap = f"{hidden / run['sums']:.0%}" if told else "-"
        rows.append((name, *(f"{t:.1f}" for t in times), overlap, f"{rate:.1f}", f"{gain:.2f}"))
    return rows


def predictions(found: dict[str, Any], network: Network, overlap: float) -> list[dict[str, Any]]:
    """Images a second on n hosts, as a multiple of one host's, for each model and bandwidth."""
    rows = []
    for run in found["ranks"]:
        for speed in SPEEDS:
            times = [
                step(
                    run["alone"], run["ready"], network.sums(run["bytes"], n, 1e9 * speed), overlap
                )
                for n in HOSTS
            ]
            gains = [n * run["alone"] / t for n, t in zip(HOSTS, times, strict=True)]
            rows.append({"model": run["model"], "gbit": speed, "hosts": HOSTS, "times": gains})
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Measure, fit, predict, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling", description=(__doc__ or "").partition("\n")[0]
    )
    add = parser.add_argument
    add("--models", default="v1,v2,v3-large", help="(v1,v2,v3-large)")
    add("--batch", type=int, default=64, help="images of a rank (64)")
    add("--resolution", type=int, default=128, help="(128)")
    add("--rounds", type=int, default=9, help="(9)")
    add("--times", type=int, default=2, help="steps between two clocks (2)")
    add("--patience", type=float, default=5.0, help="seconds to wait for quiet, each time (5)")
    add("--ahead", action="store_true", help="before other programs, keeping cores that wait: root")
    add("--save", default="", metavar="FILE", help="keep what was measured")
    add("--load", default="", metavar="FILE", help="show what was measured before")
    add("--markdown", action="store_true", help="tables for a page of the docs")
    options = parser.parse_args(arguments)
    if options.load:
        found = json.loads(Path(options.load).read_text(encoding="utf-8"))
    else:
        found = measured(options)
        if found["hosts"]:
            network, overlap, *_ = checked(found)
            found["predicted"] = predictions(found, network, overlap)
    if options.save:
        Path(options.save).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    show(found, options.markdown)


def show(found: dict[str, Any], markdown: bool) -> None:
    """The tables, and what they are of."""

    def draw(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        if markdown:
            print(markdown_text(columns, rows))
        else:
            console().print(table(columns, rows))

    runs = [(f"{run['model']}, 2 ranks here", run) for run in found["ranks"]]
    runs += [(f"v1, 2 hosts, {run['rate'] or 'no limit'}", run) for run in found["hosts"]]
    columns = (
        "",
        ">alone ms",
        ">compute ms",
        ">sums ms",
        ">step ms",
        ">overlap",
        ">images/s",
        ">times",
    )
    draw(columns, rows_of(runs))
    made = found["options"]
    print(
        f"batch {made['batch']} a rank, {made['resolution']} x {made['resolution']}, float32, one thread"
    )
    print(f"on {found['here']}")
    shares = [run["others"] for _, run in runs]
    print(
        f"other programs had {min(shares):.0%} to {max(shares):.0%} of it in the rounds that count"
    )
    if why := found["no hosts because"]:
        print(f"no two hosts: {why}")
        return
    if why := found["no delay because"]:
        print(f"no added delay: {why}")
    network, overlap, predicted, real = checked(found)
    print(
        f"fitted: latency {1e6 * network.latency:.0f} us, {1e9 * network.cost:.2f} ns a byte on the "
        f"hosts, {network.framing:.2f} bytes carried a byte, overlap {overlap:.0%}"
    )
    print(
        f"a step at 1 Gb/s: predicted {1e3 * predicted:.1f} ms, measured {1e3 * real:.1f} ms "
        f"({predicted / real - 1:+.1%})"
    )
    print("predicted, not measured: images a second, times those of one host")
    rows = [
        (row["model"], f"{row['gbit']}", *(f"{gain:.1f}" for gain in row["times"]))
        for row in predictions(found, network, overlap)
    ]
    draw(("", ">Gb/s", *(f">{n} hosts" for n in HOSTS)), rows)


if __name__ == "__main__":
    main()
