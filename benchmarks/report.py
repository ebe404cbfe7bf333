"""What was measured, as JSON, as tables on the terminal, and as Markdown."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console

from npmobilenet.tables import markdown_text, table

from .cases import Case
from .hardware import hardware, hardware_text
from .measuring import Measured, Settings, spread
from .peers import Peer
from .starting import Started

Document = dict[str, Any]


def beginning(peers: list[Peer], missing: dict[str, str], settings: Settings) -> Document:
    """The beginning of the document: where, with what, how much."""
    installed = [peer for peer in peers if peer.name not in missing]
    versions_of = {peer.name: peer.versions for peer in installed}
    return {
        **hardware(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "settings": asdict(settings),
        "versions": {k: v for found in versions_of.values() for k, v in found.items()},
        "versions_of": versions_of,
        "titles": {peer.name: peer.title for peer in peers},
        "missing": missing,
        "cases": [],
        "starts": [],
    }


def case_json(
    case: Case,
    macs: int,
    found: list[Measured],
    peak: float | None,
    left_out: list[str],
    rivals: Sequence[str],
) -> Document:
    """A case: each engine, and the fastest of the rivals beside ours."""
    ours = next((x for x in found if x.peer.name == "ours" and not x.failure), None)
    peers = [_peer_json(x, case.batch, ours, macs, peak) for x in found]
    return {
        "case": case.name,
        **asdict(case),
        "macs": macs,
        "peak_flops": peak,
        **beside(peers, rivals),
        "left_out": left_out,
        "peers": peers,
    }


def beside(peers: list[Document], rivals: Sequence[str]) -> Document:
    """The fastest rival, how many times as long it takes as ours, and how much of its memory ours."""
    working = {x["name"]: x for x in peers if not x["failure"]}
    engines = [x for name, x in working.items() if name in rivals]
    fastest = min(engines, key=lambda x: x["median"], default=None)
    ours = working.get("ours")
    ratio = memory = None
    if fastest and ours:
        ratio = fastest["ratio"]
        if fastest["peak_memory"]:  # which only Linux tells
            memory = ours["peak_memory"] / fastest["peak_memory"]
    return {
        "fastest_engine": fastest and fastest["name"],
        "ratio_to_fastest": ratio,
        "memory_to_fastest": memory,
    }


def _peer_json(
    found: Measured, batch: int, ours: Measured | None, macs: int, peak: float | None
) -> Document:
    peer = found.peer
    named = {"name": peer.name, "title": peer.title, "setting": peer.setting}
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
            "name": x.peer.name,
            "title": x.peer.title,
            "failure": x.failure,
            "cold": x.cold,
            "warm": median(x.warm) if x.warm else None,
            "warm_starts": x.warm,
        }
        for x in found
    ]


START_COLUMNS = ("engine", ">cold s", ">warm s", ">fastest", ">slowest")


def columns(document: Document) -> tuple[str, ...]:
    """Ranges are of rounds, or of runs where there are several."""
    return (
        "engine", ">median ms", ">best", ">of runs" if "runs" in document else ">quartiles",
        ">images/s", ">ours is times as fast", ">of peak", ">memory MB",
    )  # fmt: skip


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


def notes(case: Document, document: Document) -> list[str]:
    """What a reader of the table must know."""
    titles = document["titles"]
    found = [f"{x['title']} failed: {x['failure']}" for x in case["peers"] if x["failure"]]
    found += [f"{titles[name]} left out: it takes seconds" for name in case["left_out"]]
    if case["fastest_engine"] and case["ratio_to_fastest"]:
        words = (
            f"fastest {document['rival']}: {titles[case['fastest_engine']]}; ours is "
            f"{case['ratio_to_fastest']:.2f} times as fast"
        )
        if case["memory_to_fastest"]:
            words += f" and takes {case['memory_to_fastest']:.2f} of its memory"
        found.append(words)
    on = f"on {hardware_text(document)}"
    if case["peak_flops"]:
        on += f"; peak {case['peak_flops'] / 1e9:.0f} GFLOP/s from registers"
    found.append(on)
    working = [x for x in case["peers"] if not x["failure"]]
    if working:
        worst = max(working, key=lambda x: x["error"])
        found.append(
            f"largest error of {document['shown']}: {worst['error']:.0e}, {worst['title']}"
        )
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


def print_case(out: Console, case: Document, document: Document) -> None:
    """One table and its notes."""
    drawn = table(columns(document), rows(case), title=case["case"])
    out.print(drawn, *notes(case, document), sep="\n", markup=False)


def print_starts(out: Console, document: Document) -> None:
    """One table."""
    starts = document["starts"]
    if starts:
        out.print(table(START_COLUMNS, start_rows(starts), title=_start_title(document)))
        failed = [f"{x['title']} failed: {x['failure']}" for x in starts if x["failure"]]
        out.print(*failed, f"on {hardware_text(document)}", sep="\n", markup=False)


def _start_title(document: Document) -> str:
    return f"Process start to {document['first']}, {document['starts'][0]['case']}"


def markdown(document: Document) -> str:
    """All tables, with how each engine was set and what is missing."""
    parts = []
    for case in document["cases"]:
        listed = "\n".join(f"- {note}" for note in notes(case, document))
        drawn = markdown_text(columns(document), rows(case))
        parts.append(f"### {case['case']}\n\n{drawn}\n{listed}\n")
    if document["starts"]:
        drawn = markdown_text(START_COLUMNS, start_rows(document["starts"]))
        title = f"### {_start_title(document)}"
        parts.append(f"{title}\n\n{drawn}\n- on {hardware_text(document)}\n")
    used = {x["title"]: x["setting"] for case in document["cases"] for x in case["peers"]}
    settings = "\n".join(f"- {title}: {setting}" for title, setting in used.items() if setting)
    parts.append(f"Settings, all float32:\n\n{settings}\n" if settings else "")
    parts.append(circumstances(document))
    return "\n".join(filter(None, parts))


def circumstances(document: Document) -> str:
    """Machine, versions, what is missing, how many runs."""
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    found = (
        f"{hardware_text(document)}; {document['settings']['threads']} threads, Python "
        f"{document['python']}; {versions}.\n"
    )
    if "runs" in document:
        found += f"Medians of {document['runs']} runs; ranges from the lowest run to the highest.\n"
    missing = "; ".join(f"{document['titles'][k]}: {why}" for k, why in document["missing"].items())
    return found + (f"Not measured: {missing}.\n" if missing else "")
