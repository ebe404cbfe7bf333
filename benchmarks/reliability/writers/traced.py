"""Whole commands, watched by strace: what the system was asked to open, flush and rename."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from ..children import COMMAND, run
from ..hazard import Found
from ..workplace import images
from .watched import Watched

CALLS = "trace=open,openat,creat,fsync,fdatasync,rename,renameat,renameat2,link,linkat"
LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')


def commands(data: Path, out: Path) -> list[list[str]]:
    """Every verb that writes, in an order in which each finds what it needs."""
    run, val = out / "run", data / "val"
    cat, drawn = str(val / "cat" / "0.png"), ["--confusion", f"{out}/c.png"]
    small = ["--width", "0.05", "--resolution", "32", "--batch", "4", "--epochs", "2"]
    learn = ["train", str(data), *small, "-o", "train.save_minutes=0", "--output", str(run)]
    return [
        learn,
        [*learn, "--epochs", "3", "--resume"],
        ["evaluate", str(val), "--weights", str(run), *drawn, "--mistakes", f"{out}/m.png"],
        ["predict", cat, "--weights", str(run), "--picture", f"{out}/p.png"],
        ["export", str(run), "--to", "onnx", "--output", f"{out}/a.onnx"],
        ["explore", "--no-time", "-o", f"{out}/page.html"],
        ["summary", "v1", "--graph", f"{out}/graph.md"],
        ["sweep", "v1", "--picture", f"{out}/sweep.png"],
        ["exercises", "new", f"{out}/mine.py"],
        ["quantize", str(run), "--calibrate", str(val), "-o", f"{out}/q.safetensors"],
        ["vectors", f"{out}/q.safetensors", "--images", cat, "-o", f"{out}/vectors"],
    ]  # fmt: skip


def heard(log: Path, folder: Path) -> Watched:
    """A log of strace as what was done to files in a folder."""
    found = Watched(folder)
    for line in log.read_text(errors="replace").splitlines():
        parts = LINE.match(line)
        if not parts or int(parts[3]) < 0:
            continue
        call, given = parts[1], parts[2]
        names = WORD.findall(given)
        if call in ("fsync", "fdatasync"):
            found.note("fsync", given.partition("<")[2].rstrip(">"))
        elif call.startswith("rename"):
            found.note("os.rename", names[0], names[1])
        elif call.startswith("link"):
            found.note("os.link", names[0], names[1])
        elif call == "creat" or re.search(r"\bO_(WRONLY|RDWR|CREAT)\b", given):
            flags = os.O_WRONLY
            for name in ("O_EXCL", "O_NOFOLLOW"):
                flags |= getattr(os, name) if name in given else 0
            found.note("open", names[0], flags)
    return found


def traced() -> Found:
    """Each command in turn; those that fail here (a package is missing) count as bad."""
    bad: list[str] = []
    with tempfile.TemporaryDirectory(prefix="writers-traced-") as folder:
        root = Path(folder)
        out = root / "out"
        out.mkdir()
        todo = commands(images(root / "data", count=4), out)
        seen = 0
        for words in todo:
            log = root / "log"
            watched = ["strace", "-f", "-y", "-s", "4096", "-e", CALLS, "-o", str(log)]
            ended = run([*watched, *COMMAND, *words], timeout=240)
            name = " ".join(words[:1])
            if ended.code:
                bad.append(f"{name}: ended with {ended.code}: {ended.err.strip()[-200:]}")
                continue
            found = heard(log, out)
            seen += len(found.calls)
            if not found.calls:
                bad.append(f"{name}: nothing was seen")
            bad += [f"{name}, as the system saw it: {fault}" for fault in found.faults()]
    return Found(len(todo), tuple(bad), {"commands under strace": len(todo), "calls seen": seen})
