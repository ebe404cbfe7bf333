"""CONTRIBUTING.md, Makefile and .ci/run say what README.md says; rooms have sentences and tests."""

import re
import shlex

from tests.commands import ROOT
from tests.docs.test_docs import blocks

TESTS, LINT = (blocks(ROOT / "CONTRIBUTING.md", "sh")[0][1].splitlines()[k] for k in (1, 3))


def recipes() -> dict[str, list[str]]:
    """The commands of each of the Makefile's targets."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([\w./]+):.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    return {target: [line.strip() for line in lines.splitlines()] for target, lines in found}


def test_tests_are_run_as_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"<!-- tests -->\n```sh\n{TESTS}\n```" in readme
    make = recipes()
    assert " && ".join([*make[".venv/pyvenv.cfg"], *make["test"]]) == TESTS


def test_what_has_to_pass_is_what_ci_runs() -> None:
    assert recipes()["check"] == [".ci/run"]
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert ci.endswith("".join(f"{command}\n" for command in LINT.split(" && ")))
    assert " --editable '.[lint]'\n" in ci


def test_benchmarks_are_the_readme_s() -> None:
    named = r"python -m (benchmarks\.\w+)"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    make = "\n".join(recipes()["bench"])
    assert list(dict.fromkeys(re.findall(named, readme))) == re.findall(named, make)


def test_files_of_the_makefile_are_there() -> None:
    for command in (command for lines in recipes().values() for command in lines):
        for word in shlex.split(command):
            if "/" in word and not word.startswith((".venv", "build/", "'")):
                assert [*ROOT.glob(word.rstrip(";"))], word


def test_every_target_and_every_room_has_its_sentence() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for target in recipes().keys() - {".venv/pyvenv.cfg"}:
        assert f"| `make {target}` |" in page, target
    for file in ROOT.glob("npmobilenet/*/__init__.py"):
        if file.parent.name != "kernels":
            assert f"`npmobilenet/{file.parent.name}/`" in page, file.parent.name


def test_every_test_is_in_the_folder_of_a_room() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {"kernels", *re.findall(r"`npmobilenet/(\w+)/`", page)}
    for file in (ROOT / "tests").rglob("test_*.py"):
        assert file.parent.name in rooms | {
            "benchmarks",
            "docs",
            "package",
            "trust",
            "witnesses",
        }, file
