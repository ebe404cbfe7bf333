"""Compiled kernels on disk: read only where nobody else can write, and whatever happens to the files."""

import hashlib
import os
import pickle
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba")

from npmobilenet.cli import main
from npmobilenet.kernels import compiling, keeping, linking, store

needs_modes = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners and modes here")


def double(x):  # type: ignore[no-untyped-def]
    return x + x


def treble(x):  # type: ignore[no-untyped-def]
    return x + x + x


def loaded(function: Callable[[float], float] = double) -> int:
    """Run a kernel as a new process would; how many of its forms came from disk."""
    kernel = compiling.compiled(function)
    assert kernel(1.5) == function(1.5)
    return sum(kernel._run.stats.cache_hits.values())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds two kernels."""
    base = tmp_path_factory.mktemp("filled") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_CACHE_DIR", str(base))
        assert loaded(double) + loaded(treble) == 0
        assert loaded(double) + loaded(treble) == 2
    return base


@pytest.fixture
def cache(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, for one test."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    return Path(shutil.copytree(filled, tmp_path / "cache"))


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "something").touch()


def dangling(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def flipped(file: Path) -> None:
    """One bit of the machine code, say: nothing but the hash can tell."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def pipe(file: Path) -> None:
    """Opened as a file, it would make its reader wait for a writer."""
    file.unlink()
    os.mkfifo(file)


def endless(file: Path) -> None:
    """What belongs to root and never ends."""
    file.unlink()
    file.symlink_to("/dev/zero")


def vast(file: Path) -> None:
    os.truncate(file, 2**40)


def other_content(file: Path) -> None:
    """A file in order, of something else."""
    content = pickle.dumps({"what": "else"})
    file.write_bytes(hashlib.sha256(content).digest() + content)


def of_the_other_kernel(file: Path) -> None:
    def kernel(of: Path) -> str:
        return of.name.partition("-")[0]

    other = next(f for f in file.parent.glob(f"*{file.suffix}") if kernel(f) != kernel(file))
    file.write_bytes(other.read_bytes())


DAMAGES = [
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(file.read_bytes()[:-1]),
    lambda file: file.write_bytes(file.read_bytes()[:40]),
    lambda file: file.write_bytes(random.Random(0).randbytes(3000)),
    lambda file: file.unlink(),
    lambda file: file.chmod(0o666),  # others could have written it
    folder, dangling, flipped, pipe, endless, vast, other_content, of_the_other_kernel,
]  # fmt: skip


@needs_modes
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_damaged_file_is_compiled_anew_and_repaired(
    cache: Path, damage: Callable[[Path], object], suffix: str
) -> None:
    for file in list(cache.rglob(f"*.double-*{suffix}")):
        damage(file)
    assert loaded() == 0
    assert loaded() == 1
    assert not list(cache.rglob("*.tmp.*"))


def times(factor: float) -> Callable[[float], float]:
    """Functions of one code that differ in what they close over, as the microkernels do."""

    def product(x):  # type: ignore[no-untyped-def]
        return x * factor

    product.__qualname__ = f"product_{factor}"
    return product


def test_kernels_of_one_code_are_not_taken_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where their files are swapped either, each whole and under its seal."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert loaded(times(2.0)) + loaded(times(4.0)) == 0
    for suffix in (".nbi", ".nbc"):
        one, two = sorted(tmp_path.rglob(f"*.product_*{suffix}"))
        contents = one.read_bytes(), two.read_bytes()
        for file, content in zip((two, one), contents, strict=True):
            file.write_bytes(content)
        assert loaded(times(2.0)) + loaded(times(4.0)) == 0
        assert loaded(times(2.0)) + loaded(times(4.0)) == 2


def test_kernels_of_other_settings_are_others(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or whoever asks for checked bounds would be given code without them."""
    monkeypatch.setattr(store.numba.config, "BOUNDSCHECK", 1)
    assert loaded() == 0
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cache))
    assert loaded() == 1


def test_what_killed_processes_left_is_removed(cache: Path) -> None:
    """Unless it is so young that somebody may be writing it."""
    (file,) = cache.rglob("*.double-*.nbi")
    left = [file.with_name(f"{file.name}.tmp.{name}") for name in ("old", "young")]
    for each in left:
        each.touch()
    os.utime(left[0], (0, 0))
    file.unlink()
    assert loaded() == 0
    assert [each.exists() for each in left] == [False, True]


def test_a_full_disk_costs_only_time(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for file in cache.rglob("*.nb?"):
        file.unlink()
    monkeypatch.setattr(store.tempfile, "mkstemp", full)
    store._not_kept.cache_clear()
    assert loaded(double) + loaded(treble) == 0
    said = "npmobilenet: a kernel could not be kept (No space left on device)"
    assert capfd.readouterr().err.splitlines().count(said) == 1


@needs_modes
def test_folders_are_the_users_alone_and_stay_so(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the umask is; what lies in a folder that others can write in is not read."""
    before = os.umask(0)
    try:
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "new"))
        assert loaded() == 0
        assert loaded() == 1
    finally:
        os.umask(before)
    made = list((tmp_path / "new").rglob("*"))
    assert len(made) == 4
    assert {path.stat().st_mode & 0o077 for path in made} == {0}
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cache))
    place = keeping.place()
    assert place.folder is not None
    for open_to, mode in ((cache, 0o777), (place.folder, 0o770), (place.folder.parent, 0o777)):
        open_to.chmod(mode)
        assert keeping.place() == (None, False, f"other users can write in {open_to}")
        assert loaded() == 0
        open_to.chmod(0o700)
    cache.chmod(0o1777)  # as /tmp: nobody can put another folder in the place of ours
    assert loaded() == 1
    if os.geteuid() == 0:
        for owned in (cache, place.folder.parent, place.folder):
            os.chown(owned, 12345, 12345)
            assert keeping.place() == (None, False, f"{owned} belongs to another user")
            os.chown(owned, 0, 0)
        link = place.folder.parent
        link.rename(tmp_path / "elsewhere")
        link.symlink_to(tmp_path / "elsewhere")
        assert loaded() == 1
        os.lchown(link, 12345, 12345)  # somebody's link to a folder of ours
        assert loaded() == 0


def test_a_folder_that_can_only_be_read_is_read(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an image that was filled when it was made."""

    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied", "there")

    monkeypatch.setattr(keeping.tempfile, "TemporaryFile", refused)
    place = keeping.place()
    assert place.folder is not None
    assert str(place) == "not kept on disk: there: Permission denied"
    assert loaded() == 1


def test_a_folder_below_one_that_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deleted(self: Path, *_: object, **__: object) -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setenv("NUMBA_CACHE_DIR", "nowhere")
    monkeypatch.setattr(Path, "absolute", deleted)
    monkeypatch.setattr(Path, "mkdir", deleted)
    folder, writable, why = keeping.place()
    assert (folder, writable) == (None, False)
    assert "nowhere" in why


@pytest.mark.parametrize("home", [None, "somewhere"])
def test_without_a_home_nothing_is_kept(
    home: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No HOME and no entry in the list of users; or a HOME below whatever folder is current."""

    def none() -> Path:
        if home is None:
            raise RuntimeError("Could not determine home directory.")
        return Path(home)

    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", none)
    assert loaded() == 0
    assert loaded() == 0
    monkeypatch.setattr("npmobilenet.cli.warmup._run_everything", lambda: None)
    assert main(["warmup"]) == 0
    assert "not kept on disk: this user has no home folder" in capsys.readouterr().out


def test_the_names_that_kept_code_needs_are_those_of_its_object_file(cache: Path) -> None:
    """What others define is listed, what the file defines is not; another format is not read."""
    (file,) = cache.rglob("*.double-*.nbc")
    _, names, (library, *_) = pickle.loads(file.read_bytes()[store.SEAL :])
    assert "PyFloat_FromDouble" in names  # of the wrapper that Python calls
    assert names == linking.undefined(library)
    code = library[2][0]
    assert all(name.encode() in code for name in names)
    assert not any("double" in name for name in names)
    if shutil.which("nm"):
        listed = subprocess.run(["nm", "-u", "-"], input=code, capture_output=True, check=False)
        if listed.returncode == 0:  # some can only read files
            assert sorted(names) == sorted(listed.stdout.decode().split()[1::2])
    assert linking.undefined(("name", "object", (b"MZ another format", b""))) is None
    assert linking.undefined(("name", "bitcode", b"BC")) is None


@pytest.mark.parametrize(("names", "asked"), [([], 0), (["NRT_Free", "printf"], 0),
                                              (["nobody_defines_this"], 1), (None, 1)])  # fmt: skip
def test_numba_makes_ready_only_where_a_name_is_missing(names: Any, asked: int) -> None:
    class Context:
        times = 0

        def refresh(self) -> None:
            self.times += 1

    context = Context()
    linking.provide(names, [], context)
    assert context.times == asked


def test_a_start_with_kept_kernels_does_not_import_what_only_compiling_needs(cache: Path) -> None:
    script = (
        "import sys, tests.kernels.test_kept_kernels as t; assert t.loaded() == 1; "
        "assert 'numba.np.linalg' not in sys.modules"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", script], check=True, env=env)


INTERRUPTED = """
import os, signal
from numba.core.codegen import CPUCodeLibrary
from tests.kernels import test_kept_kernels as kept

usual = CPUCodeLibrary._object_getbuffer_hook.__func__

def hook(cls, module):
    if not told:
        told.append(os.kill(os.getpid(), signal.SIGINT))
    return usual(cls, module)

told = []
CPUCodeLibrary._object_getbuffer_hook = classmethod(hook)
try:
    kept.loaded()
except KeyboardInterrupt:
    print("interrupted", len(told), kept.loaded())
"""


def test_ctrl_c_while_a_kernel_is_loaded(cache: Path) -> None:
    """It comes as LLVM asks Python for the code, which drops it and would go on without that code."""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-c", INTERRUPTED]
    ended = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "interrupted 1 1\n", "")
