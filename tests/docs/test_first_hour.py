"""The newcomer's first hour, typed block by block into an environment that has nothing yet."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands import ROOT

PAGE = ROOT / "docs/book/first-hour.md"
# how packages are fetched where this machine says it; nothing else of our environment is handed on
FETCHING = re.compile(r"(PIP_|SSL_|REQUESTS_|https?_proxy|no_proxy)", re.IGNORECASE)


def blocks() -> list[tuple[str, str]]:
    """(language, text) of the page's blocks, in order."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


class Shell:
    """A terminal: folder and variables stay from block to block."""

    def __init__(self, folder: Path, home: Path) -> None:
        """Begin in `folder`, with an empty home."""
        self.folder, self.state = folder, home / "state"
        home.mkdir()
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
        }
        self.environment |= {k: v for k, v in os.environ.items() if FETCHING.match(k)}

    def run(self, command: str) -> str:
        """What a command prints on both streams; fails with it unless it ends with 0 or "not yet"."""
        state = shlex.quote(str(self.state))
        script = (
            f"[ ! -e {state} ] || . {state}\n{command}\ncode=$?\nexport -p > {state}; exit $code"
        )
        if "\n" in command.strip():
            script = script.replace(command, f"set -e\n{command}\nset +e")
        keep = f"trap 'pwd > {state}.folder' EXIT\n"
        done = subprocess.run(
            ["bash", "-c", keep + script], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=900,
        )  # fmt: skip
        self.folder = Path(Path(f"{self.state}.folder").read_text().strip())
        expected = int("exercises check" in command and "not yet" in done.stdout)
        assert done.returncode == expected, (command, done.stdout)
        return done.stdout


def written(file: Path, function: str) -> None:
    """What a learner does: a function of the file is given the body that the page shows."""
    name = re.match(r"def (\w+)", function)[1]
    text = file.read_text(encoding="utf-8")
    pattern = rf"^def {name}\(.*?^    raise NotImplementedError\n"
    assert len(re.findall(pattern, text, re.DOTALL | re.MULTILINE)) == 1
    file.write_text(
        re.sub(pattern, lambda _: function, text, count=1, flags=re.DOTALL | re.MULTILINE)
    )


def dialogue(shell: Shell, text: str) -> None:
    """Commands behind $, and what they print; times may differ."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, promised = part.split("\n", 1)
        printed = shell.run(command)
        alike = [
            re.sub(r" +", " ", re.sub(r"\d+\.\d s", "0 s", t)).split("\n")
            for t in (printed, promised)
        ]
        assert [line.strip() for line in alike[0]] == [line.strip() for line in alike[1]], command


def test_first_command_is_readme_s():
    """And so is that of the page in which the hour is laid out."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = next(text for language, text in blocks() if language == "sh")
    assert f"<!-- tour -->\n```sh\n{first}```" in readme


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="the page's blocks are a Unix shell's")
def test_the_first_hour(extra_data, tmp_path):
    """A copy of the tracked files, an empty home; photographs are put in where the reader puts theirs."""
    checkout = tmp_path / "npmobilenet"
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (source := ROOT / name).exists():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, checkout / name, follow_symlinks=False)
    photos = extra_data / "data/flower_photos"
    mine = checkout / "first-hour"
    for place, kind in (("cups", "roses"), ("plants", "tulips")):  # of these we have photographs
        shutil.copytree(photos / "val" / kind, mine / "photos" / place)
    shutil.copy(min((photos / "train/tulips").glob("*.jpg")), mine / "new.jpg")

    shell = Shell(checkout, tmp_path / "home")
    for language, text in blocks():
        if language == "console":
            dialogue(shell, text)
        elif language == "sh":
            shell.run(text)
        elif text.startswith("def "):
            written(mine / "my_ops.py", text)
        else:
            (tmp_path / "block.py").write_text(text)
            assert "19" in shell.run(f"python {shlex.quote(str(tmp_path / 'block.py'))}")
    assert (mine / "explorer.html").stat().st_size > 100_000
    assert (mine / "mine.html").is_file()
    predicted = shell.run("npmobilenet predict new.jpg --weights runs/photos --json")
    assert set(re.findall(r"cups|plants", predicted)) == {"cups", "plants"}
