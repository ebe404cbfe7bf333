"""The one writer: order of calls, names that nobody can plant, links, rights, what killed ones leave."""

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import npmobilenet
from npmobilenet import disk
from npmobilenet.disk import opened_apart, spare_name, sweep, write_new, write_whole

posix = pytest.mark.skipif(os.name != "posix", reason="links, rights and locks of POSIX")
PACKAGE = Path(npmobilenet.__file__).parent
PART = re.compile(r"\w+\.[0-9a-f]{12}\.part")


def recorded(patch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every open, fsync and renaming from here on, with the name of its file."""
    calls: list[tuple[str, str]] = []
    names: dict[int, str] = {}
    opening, flushing, renaming = os.open, os.fsync, os.replace

    def opened(path: Any, flags: int, mode: int = 0o777) -> int:
        number = opening(path, flags, mode)
        names[number] = Path(path).name
        if flags & os.O_CREAT:
            assert flags & os.O_EXCL
            assert flags & os.O_NOFOLLOW
            calls.append(("make", names[number]))
        return number

    def flushed(number: int) -> None:
        calls.append(("fsync", names[number]))
        flushing(number)

    def renamed(source: Any, target: Any, **more: Any) -> None:
        calls.append(("rename", Path(source).name))
        renaming(source, target, **more)

    for name, stand_in in (("open", opened), ("fsync", flushed), ("replace", renamed)):
        patch.setattr(os, name, stand_in)
    return calls


@posix
def test_a_file_is_flushed_before_it_is_renamed_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        calls = recorded(patch)
        write_whole(tmp_path / "file", b"content")
    part = calls[0][1]
    assert PART.fullmatch(part)
    assert calls == [
        ("make", part), ("fsync", part), ("rename", part), ("fsync", tmp_path.name)
    ]  # fmt: skip


@posix
@pytest.mark.long
def test_the_system_sees_the_same_order(tmp_path: Path) -> None:
    """Watched from outside, by strace."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    code = f"from npmobilenet.disk import *; write_whole(Path({str(tmp_path)!r}) / 'file', b'x')"
    log = tmp_path.parent / "log"
    words = [strace, "-f", "-y", "-e", "trace=openat,write,fsync,rename,renameat2", "-o", str(log)]
    subprocess.run([*words, sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)
    lines = [line for line in log.read_text().splitlines() if str(tmp_path) in line]
    found = [
        re.sub(r".*?(\w+)\(.*", r"\1", line)
        for line in lines
        if "O_RDONLY" not in line and "O_DIRECTORY" not in line
    ]
    assert [name.rstrip("2").removesuffix("at") for name in found] == [
        "open", "write", "fsync", "rename", "fsync"
    ]  # fmt: skip
    assert "O_CREAT|O_EXCL" in lines[1] + lines[0]
    assert f"<{tmp_path}>)" in lines[-1]


@posix
def test_no_link_is_followed(tmp_path: Path) -> None:
    """Neither at names that somebody may guess nor at the file's own, which is replaced."""
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_bytes(b"precious")
    planted = [tmp_path / name for name in ("file.part", "file.new", "file.tmp", ".file.swp")]
    for link in (path, *planted):
        link.symlink_to(victim)
    write_whole(path, b"content")
    assert victim.read_bytes() == b"precious"
    assert (path.read_bytes(), path.is_symlink()) == (b"content", False)
    other = tmp_path / "other"
    os.link(victim, other)
    write_whole(other, b"content")
    assert victim.read_bytes() == b"precious"
    with pytest.raises(FileExistsError):
        write_new(planted[0], b"content")
    write_new(tmp_path / "fresh", b"content")
    assert (tmp_path / "fresh").read_bytes() == b"content"


@posix
def test_a_planted_temporary_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should it ever be guessed."""
    planted = tmp_path / "planted"
    planted.symlink_to(tmp_path / "victim")
    monkeypatch.setattr(disk, "spare_name", lambda path: planted)
    with pytest.raises(OSError, match=r"file: cannot be written \(File exists\)"):
        write_whole(tmp_path / "file", b"content")
    assert [p.name for p in tmp_path.iterdir()] == ["planted"]


@posix
def test_devices_and_pipes_stay_what_they_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to(os.devnull)
    for name in ("pipe", "null"):
        with pytest.raises(OSError, match=rf"{name}: cannot be written \(it is a device or a pipe"):
            write_whole(tmp_path / name, b"content")
    assert stat.S_ISFIFO((tmp_path / "pipe").lstat().st_mode)


@posix
def test_the_rights_are_the_old_files_or_the_usual_ones(tmp_path: Path) -> None:
    path, before = tmp_path / "file", os.umask(0o027)
    try:
        write_whole(path, b"")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write_whole(path, b"")
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


@posix
def test_what_a_killed_writer_left_is_removed_and_a_live_ones_is_not(tmp_path: Path) -> None:
    path = tmp_path / ("name" * 62)  # so long that its temporary name cannot begin with it
    left, alive, others = spare_name(path), spare_name(path), tmp_path / "other.part"
    left.write_bytes(b"half")
    others.write_bytes(b"not ours")
    number = os.open(alive, os.O_WRONLY | os.O_CREAT)
    try:
        assert disk.locked_now(number)
        write_whole(path, b"content")
        assert sorted(tmp_path.iterdir()) == sorted([path, alive, others])
    finally:
        os.close(number)
    sweep(tmp_path, ["else"])
    assert alive.exists()
    write_whole(path, b"content")
    assert sorted(tmp_path.iterdir()) == sorted([path, others])
    assert left != alive


@posix
def test_what_is_kept_open_is_no_link_and_nobody_elses(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(victim)
    os.link(victim, tmp_path / "second")
    for name, why in (("link", "a link"), ("second", "another name"), ("pipe", "")):
        with pytest.raises(OSError, match=rf"{name}: cannot be written \(.*{why}"):
            opened_apart(tmp_path / name, os.O_WRONLY)
    os.close(opened_apart(tmp_path / "file", os.O_WRONLY))
    assert victim.read_bytes() == b"precious"


# where something is opened for writing, and what: devices, pipes, and files that disk.py has opened
APART = {
    "cli/ranked.py": "open(os.devnull",
    "cli/streams.py": "open(os.devnull",
    "exercises/child.py": "os.fdopen(os.dup(",
    "training/run/lock.py": "os.fdopen(opened_apart(",
    "weights/download.py": "os.fdopen(",
}
WRITING = {"write_text", "write_bytes", "touch", "symlink_to", "hardlink_to", "mkstemp"}
WRITING |= {"copy", "copyfile", "copy2", "copytree", "move", "tofile", "to_csv", "savetxt", "dump"}
BUFFERED = {"save", "savez", "savez_compressed", "savefig", "File"}  # only into a BytesIO
WORDS = re.compile(rf"\b(open|fdopen|{'|'.join(sorted(WRITING | BUFFERED))})\(")
BY_MODULE = {"copy": "shutil", "move": "shutil", "dump": "json"}


def writers(text: str) -> list[str]:
    """Calls in a program that put something on disk by themselves."""
    if not WORDS.search(text):
        return []
    tree = ast.parse(text)
    buffers = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "BytesIO()" in ast.unparse(node.value)
        for names in node.targets
        for target in ast.walk(names)
        if isinstance(target, ast.Name)
    }
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [ast.unparse(call) for call in calls if _writes(call, buffers)]


def _writes(call: ast.Call, buffers: set[str]) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in WRITING | BUFFERED | {"open", "fdopen"}:
        return False
    function = ast.unparse(call.func)
    owner = function.rpartition(".")[0]
    words = [*call.args, *(k.value for k in call.keywords)]
    modes = [w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)]
    if function == "os.open":
        return re.search("O_(WRONLY|RDWR|CREAT)", ast.unparse(call)) is not None
    if name in ("open", "fdopen"):
        return any(re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", mode) for mode in modes)
    if name in WRITING:
        return name not in BY_MODULE or owner == BY_MODULE[name]
    into = {n.id for w in words for n in ast.walk(w) if isinstance(n, ast.Name)}
    ours = owner in ("run", "self") or function == "save" or "BytesIO()" in ast.unparse(call)
    if not words or into & buffers or ours:
        return False
    return name != "File" or any(mode in ("w", "a", "x", "r+", "w-") for mode in modes)


def test_nothing_else_writes() -> None:
    """So that no second writer grows: what is written goes through disk.py."""
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE).as_posix()
        if place == "disk.py" or place.startswith("kernels/"):  # which keep machine code (store.py)
            continue
        calls = writers(file.read_text(encoding="utf-8"))
        assert [call for call in calls if not call.startswith(APART.get(place, "?"))] == [], place


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'w').write(text)", "path.open('xb')", "path.write_text(text)", "np.save(path, x)",
        "figure.savefig(path)", "h5py.File(path, 'w')", "picture.save(path)", "torch.save(x, path)",
        "json.dump(x, file)", "shutil.copy(a, b)", "os.open(path, os.O_CREAT)", "x.tofile(path)",
    ],
)  # fmt: skip
def test_a_second_writer_is_found(line: str) -> None:
    assert writers(line)
