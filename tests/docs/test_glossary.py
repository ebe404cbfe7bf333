"""docs/glossary.md and the code use the same words: what it names is there, what it rules out is not."""

import re
from dataclasses import dataclass

import pytest

from tests.commands import ROOT


@dataclass(frozen=True)
class Section:
    """A heading of the glossary: its rooms, and the first and last column of its lines."""

    title: str
    rooms: tuple[str, ...]
    words: tuple[str, ...]
    ruled_out: tuple[str, ...]

    def code(self) -> dict[str, str]:
        """The text of every file of the rooms in small letters, work_item and WorkItem as two words."""
        files = [
            file
            for room in self.rooms
            for file in (
                [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))
            )
        ]
        return {
            str(file.relative_to(ROOT)): re.sub(
                r"[\s_#-]+|(?<=[a-z])(?=[A-Z])", " ", file.read_text(encoding="utf-8")
            ).lower()
            for file in files
        }


def sections() -> list[Section]:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    found = []
    for part in text.split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        rooms = re.findall(r"`([^`]+)`", body.partition("\n|")[0])
        lines = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in body.splitlines()
            if line.startswith("|")
        ][2:]
        assert all(len(line) == 4 and all(line[:3]) for line in lines), title
        words = [word for line in lines for word in re.split(r", | x ", line[0])]
        ruled_out = [word for line in lines for word in line[3].split(", ") if word]
        found.append(Section(title, tuple(rooms), tuple(words), tuple(ruled_out)))
    return found


SECTIONS = sections()


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.title)
def test_code_and_glossary_use_the_same_words(section: Section) -> None:
    code = section.code()
    everything = " ".join(code.values())
    assert len(code) > 5
    unused = [
        word
        for word in section.words
        if not re.search(rf"\b{re.escape(word.lower())}(e?s|e?d|ing)?\b", everything)
    ]
    assert unused == []
    used = [
        f"{file}: {word}"
        for file, text in code.items()
        for word in section.ruled_out
        if re.search(rf"\b{re.sub('[- ]', ' ', word)}(e?s)?\b", text)
    ]
    assert used == []


def test_a_word_has_one_meaning() -> None:
    """A word stands twice only where a second section needs it, and is nowhere ruled out as well."""
    words = [word for section in SECTIONS for word in section.words]
    assert {word for word in words if words.count(word) > 1} <= {"element"}
    for section in SECTIONS:
        assert not {*section.words} & {*section.ruled_out}
