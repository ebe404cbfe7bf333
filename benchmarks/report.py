"""What was measured, as JSON, as tables on the terminal, and as Markdown."""

import os
import platform
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console

from npmobilenet.tables import markdown_text, table

from .cases import Case
from .measuring import Measured, Settings, spread
from .peers import ENGINES, PEERS
from .starting import Started

Document = dict[str, Any]


def machine_json(peers: list[str], missing: dict[str, str], settings: Settings) -> Document:
    """The beginning of the document: where, with what, how much."""
    versions = {k: v for name in peers for k, v in PEERS[name].versions.items()}
    return {
        "processor": processor(),
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "settings": asdict(settings),
        "versions": versions,
        "missing": missing,
        "cases": [],
        "starts": [],
    }


def processor() -> str:
    """Its name, where Linux tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def case_json(
    case: Case, found: list[Measured], peak: float | None, left_out: list[str]
) -> Document:
    """A case: each engine, and the fastest of those written for inference beside ours."""
    ours = next((x for x in found if x.name == "ours" and not x.failure), None)
    macs = sum(layer.macs for layer in case.plan.layers)
    engines = [x for x in found if x.name in ENGINES and not x.failure]
    fastest = min(engines, key=lambda x: x.median, default=None)
    return {
        "case": case.name,
        **asdict(case),
        "macs": macs,
        "peak_flops": peak,
        "fastest_engine": fastest and fastest.name,
        "ratio_to_fastest": fastest and ours and fastest.ratio(ours)[0],
        "left_out": left_out,
        "peers": [_peer_json(x, case.batch, ours, macs, peak) for x in found],
    }


def _peer_json(
    found: Measured, batch: int, ours: Measured | None, macs: int, peak: float | None
) -> Document:
    peer = PEERS[found.name]
    named = {"name": found.name, "title": peer.title, "setting": peer.setting}
    if found.failure:
        return named | {"failure": found.failure}
    ratio, *quartiles = found.ratio(ours) if ours else (None, None, None)
    low, _, high = spread(found.medians)
    return named | {
        "failure": None,
        "error": found.error,
        "median": found.median,
        "best": found.best,
        "quartiles": [low, high],
        "images_per_second": batch / found.median,
        "share_of_peak": peak and 2 * macs * batch / found.median / peak,
        "ratio": ratio,
        "ratio_quartiles": quartiles,
        "peak_memory": found.peak_memory,
        "peak_memory_without_imports": found.peak_memory - found.imported_memory,
        "disturbed": found.disturbed,
        "rounds": found.medians,
    }


def starts_json(case: Case, found: list[Started]) -> list[Document]:
    """Starts, slowest as they are."""
    return [
        {
            "case": case.name,
            "name": x.name,
            "title": PEERS[x.name].title,
            "failure": x.failure,
            "cold": x.cold,
            "warm": median(x.warm) if x.warm else None,
            "warm_starts": x.warm,
        }
        for x in found
    ]


COLUMNS = (
    "engine", ">median ms", ">best", ">quartiles", ">images/s", ">ours is times as fast", ">of peak",
    ">memory MB",
)  # fmt: skip
START_COLUMNS = ("engine", ">cold s", ">warm s", ">fastest", ">slowest")


def rows(case: Document) -> list[tuple[str, ...]]:
    """A row for each engine, fastest first."""
    working = sorted((x for x in case["peers"] if not x["failure"]), key=lambda x: x["median"])
    return [
        (
            x["title"],
            f"{1e3 * x['median']:.2f}",
            f"{1e3 * x['best']:.2f}",
            "{:.2f}-{:.2f}".format(*(1e3 * seconds for seconds in x["quartiles"])),
            f"{x['images_per_second']:.0f}",
            ""
            if x["ratio"] is None or x["name"] == "ours"
            else "{:.2f} ({:.2f}-{:.2f})".format(x["ratio"], *x["ratio_quartiles"]),
            f"{100 * x['share_of_peak']:.0f} %" if x["share_of_peak"] else "",
            f"{x['peak_memory'] / 1e6:.0f} ({x['peak_memory_without_imports'] / 1e6:.0f})",
        )
        for x in working
    ]


def notes(case: Document) -> list[str]:
    """What a reader of the table must know."""
    found = [f"{x['title']} failed: {x['failure']}" for x in case["peers"] if x["failure"]]
    found += [f"{PEERS[name].title} left out: it takes seconds" for name in case["left_out"]]
    if case["fastest_engine"] and case["ratio_to_fastest"]:
        title = PEERS[case["fastest_engine"]].title
        found.append(
            f"fastest engine written for inference: {title}; ours is "
            f"{case['ratio_to_fastest']:.2f} times as fast"
        )
    if case["peak_flops"]:
        found.append(f"peak: {case['peak_flops'] / 1e9:.0f} GFLOP/s from registers")
    working = [x for x in case["peers"] if not x["failure"]]
    disturbed = sum(x["disturbed"] for x in working)
    if disturbed:
        total = sum(len(x["rounds"]) for x in working)
        found.append(
            f"other programs worked during {disturbed} of {total} bursts: not to be relied on"
        )
    return found


def start_rows(starts: list[Document]) -> list[tuple[str, ...]]:
    """A row for each engine, quickest first."""
    working = sorted((x for x in starts if x["warm"]), key=lambda x: x["warm"])
    return [
        (
            x["title"],
            f"{x['cold']:.2f}",
            f"{x['warm']:.2f}",
            f"{min(x['warm_starts']):.2f}",
            f"{max(x['warm_starts']):.2f}",
        )
        for x in working
    ]


def print_case(out: Console, case: Document) -> None:
    """One table and its notes."""
    out.print(table(COLUMNS, rows(case), title=case["case"]), *notes(case), sep="\n", markup=False)


def print_starts(out: Console, starts: list[Document]) -> None:
    """One table."""
    if starts:
        title = f"Process start to first prediction, {starts[0]['case']}"
        out.print(table(START_COLUMNS, start_rows(starts), title=title))
        out.print(
            *(f"{x['title']} failed: {x['failure']}" for x in starts if x["failure"]), sep="\n"
        )


def markdown(document: Document) -> str:
    """All tables, with how each engine was set and what is missing."""
    parts = []
    for case in document["cases"]:
        listed = "\n".join(f"- {note}" for note in notes(case))
        parts.append(f"### {case['case']}\n\n{markdown_text(COLUMNS, rows(case))}\n{listed}\n")
    if document["starts"]:
        title = f"### Process start to first prediction, {document['starts'][0]['case']}"
        parts.append(f"{title}\n\n{markdown_text(START_COLUMNS, start_rows(document['starts']))}")
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    settings = "\n".join(
        f"- {PEERS[name].title}: {PEERS[name].setting}"
        for name in dict.fromkeys(x["name"] for case in document["cases"] for x in case["peers"])
        if PEERS[name].setting
    )
    missing = "; ".join(f"{PEERS[k].title}: {why}" for k, why in document["missing"].items())
    parts.append(f"Settings, all float32:\n\n{settings}\n")
    parts.append(
        f"{document['processor']}, {document['settings']['threads']} threads, Python "
        f"{document['python']}; {versions}.\n" + (f"Not measured: {missing}.\n" if missing else "")
    )
    return "\n".join(parts)
