"""Build the sdist and the wheel, look into them, and try them as strangers would.

python .ci/release.py [--output dist] [--quick]

It works on what is committed.  Tried, each in an environment of its own, are

    the wheel      on every Python from 3.11 on that is found here
    oldest         the wheel with the oldest dependencies that pyproject.toml allows
    the sdist      installed; and its tests, collected where they were unpacked
    without links  the archive that hosts offer as a zip, unpacked without symbolic links: installed,
                   and run in its own root

in folders with a space and a letter outside ASCII in their names.  --quick: one Python.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
V1 = 568_740_352  # multiply-adds of MobileNetV1, its paper's Table 4


def main() -> int:
    """Everything in turn; the first failure ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="(dist)")
    parser.add_argument("--quick", action="store_true", help="one Python only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        work = Path(made) / "mobile nét"
        work.mkdir()
        checkout = work / "check out"
        _do("git", "clone", "--quiet", ROOT, checkout)
        sdist, wheel = build(checkout, work, options.output.resolve())
        complete(checkout, sdist, wheel)
        pythons = found_pythons()[: 1 if options.quick else None]
        for version, python in pythons:
            attempt(f"wheel, Python {version}", work, python, [wheel])
        oldest = [
            "--only-binary",
            ":all:",
            *(x.replace(">=", "==") for x in PROJECT["dependencies"]),
        ]
        attempt("oldest dependencies", work, pythons[0][1], [wheel, *oldest])
        attempt("sdist", work, pythons[0][1], [sdist])
        collected(sdist, work)
        unlinked(checkout, work, pythons[0][1])
    print(f"all tried; {options.output} holds {sdist.name} and {wheel.name}")
    return 0


def build(checkout: Path, work: Path, output: Path) -> tuple[Path, Path]:
    """Both files, and what an index would say of them."""
    tools = environment(work / "tools", sys.executable, ["build", "twine"])
    _do(tools, "-m", "build", "--outdir", output, checkout)
    text = (checkout / "npmobilenet" / "__init__.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    sdist = output / f"npmobilenet-{version}.tar.gz"
    wheel = output / f"npmobilenet-{version}-py3-none-any.whl"
    _do(tools, "-m", "twine", "check", "--strict", sdist, wheel)
    return sdist, wheel


def complete(checkout: Path, sdist: Path, wheel: Path) -> None:
    """The sdist holds every file that is under version control; the wheel all of the package."""
    kept = set(_do("git", "ls-files", cwd=checkout).splitlines())
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    lacking = sorted(kept - inside - {"npmobilenet/kernels"})
    _require(not lacking, f"the sdist lacks {', '.join(lacking)}")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    wanted = {f"npmobilenet/{name}" for name in kept if name.startswith("kernels/")}
    wanted |= {x for x in kept if x.startswith("npmobilenet/")} - {"npmobilenet/kernels"}
    _require(wanted <= held, f"the wheel lacks {', '.join(sorted(wanted - held))}")
    print(f"complete: {len(kept)} files in the sdist, {len(wanted)} in the wheel")


def found_pythons() -> list[tuple[str, str]]:
    """(version, path) of one Python of each minor version from 3.11 on, the oldest first."""
    folders = [Path(x) for x in os.environ.get("PATH", "").split(os.pathsep) if x]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    found = {sys.version_info[:2]: sys.executable}
    for folder in folders:
        for path in sorted(folder.glob("python3.[0-9]*")):
            minor = re.fullmatch(r"python3\.(\d+)(\.exe)?", path.name)
            if minor and int(minor[1]) >= 11 and _works(path):
                found.setdefault((3, int(minor[1])), str(path))
    return [(f"{a}.{b}", path) for (a, b), path in sorted(found.items())]


def environment(folder: Path, python: str, packages: list[object]) -> Path:
    """The Python of a fresh environment that has these packages."""
    _do(python, "-m", "venv", folder)
    made = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _do(made, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return made


def attempt(title: str, work: Path, python: str, packages: list[object]) -> None:
    """Install in an environment of its own, and use it from an empty folder."""
    own = work / title.replace(",", "")
    use(title, environment(own, python, packages), own)


def use(title: str, python: Path, folder: Path) -> None:
    """The README's example, a cost, a check of an operator, and the shipped model's figure."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert example
    _do(python, "-c", example[1], cwd=folder)
    run = [python, "-m", "npmobilenet"]
    cost = json.loads(_do(*run, "cost", "v1", "--json", cwd=folder))
    _require(cost["macs"] == V1, f"{title}: V1 has {cost['macs']} multiply-adds, not {V1}")
    _do(*run, "verify", "--operator", "depthwise_conv2d", "--cases", "5", cwd=folder)
    words = ("evaluate", "fashion-mnist-sample", "--weights", "fashion-mnist", "--json")
    scores = json.loads(_do(*run, *words, cwd=folder))
    _require(scores["correct"] > 950, f"{title}: {scores['correct']} of 1,000 images")
    print(f"{title}: works; the shipped model names {scores['correct']} of 1,000 images")


def collected(sdist: Path, work: Path) -> None:
    """The tests of the unpacked sdist find their helpers; with this Python's own packages."""
    if not (find_spec("pytest") and find_spec("torch")):
        print("tests of the sdist: left out, the extra `test` is not installed here")
        return
    with tarfile.open(sdist) as archive:
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(work / "unpacked", **safely)
    (root,) = (work / "unpacked").iterdir()
    told = _do(sys.executable, "-m", "pytest", "--collect-only", "-q", cwd=root)
    print(f"tests of the sdist: {told.strip().splitlines()[-1]}")


def unlinked(checkout: Path, work: Path, python: str) -> None:
    """A zip of the checkout, unpacked by something that makes no links."""
    archive, root = work / "source.zip", work / "without links"
    _do("git", "archive", "--format=zip", "--output", archive, "HEAD", cwd=checkout)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(root)
    link = root / "npmobilenet" / "kernels"
    _require(link.is_file() and not link.is_symlink(), "the zip made a link")
    for title, words in {"installed": [root], "editable": ["--editable", root]}.items():
        made = environment(work / f"unlinked {title}", python, words)
        use(f"without links, {title}", made, work / f"unlinked {title}")
        use(f"without links, {title}, in its own root", made, root)


def _works(python: Path) -> bool:
    done = subprocess.run([python, "-c", "import ensurepip"], capture_output=True, check=False)
    return done.returncode == 0


def _do(*command: object, cwd: Path | None = None) -> str:
    """Standard output of a command; its failure ends the program."""
    words = [str(word) for word in command]
    # nothing of the caller's: neither its checkout nor its settings
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "NPMOBILENET_"))}
    done = subprocess.run(
        words, cwd=cwd, env=clean, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        sys.exit(f"failed with {done.returncode}: {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout


def _require(right: bool, complaint: str) -> None:
    if not right:
        sys.exit(complaint)


if __name__ == "__main__":
    sys.exit(main())
