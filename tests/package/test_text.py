"""Text files as Windows, macOS and Linux save them; names that a terminal can show."""

import os
from pathlib import Path

import pytest

from npmobilenet.datasets.paddle_lists import list_classes
from npmobilenet.names import canonical
from npmobilenet.text import printable, read_text
from npmobilenet.training.documents import read_document

TEXT = "daisy\nrosé\n玫瑰\n"
SAVED = {
    "utf-8": TEXT.encode(),
    "with a mark": TEXT.encode("utf-8-sig"),
    "Windows": TEXT.replace("\n", "\r\n").encode("utf-8-sig"),
    "old Macintosh": TEXT.replace("\n", "\r").encode(),
    "Notepad's Unicode": TEXT.replace("\n", "\r\n").encode("utf-16"),
    "big-endian": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf-32": b"\xff\xfe\0\0" + TEXT.encode("utf-32-le"),
}


@pytest.mark.parametrize("how", SAVED)
def test_every_editors_file_is_the_same_text(how: str, tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_bytes(SAVED[how])
    assert read_text(tmp_path / "classes.txt") == TEXT
    assert list_classes(tmp_path) == ("daisy", "rosé", "玫瑰")


def test_a_configuration_may_have_a_mark(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "c.toml").write_bytes("# 花\r\n[train]\r\nepochs = 3\r\n".encode(encoding))
        assert read_document(tmp_path / "c.toml") == {"train": {"epochs": 3}}
    (tmp_path / "c.toml").write_bytes("[train]\n# 花\n".encode("gbk"))
    with pytest.raises(ValueError, match=r"c\.toml: line 2 is not UTF-8 text; save"):
        read_document(tmp_path / "c.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("daisy\n玫瑰\n".encode("gbk"), "line 2 is not UTF-8 text; save the file as UTF-8"),
        ("rosé".encode("latin-1"), "line 1 is not UTF-8"),
        (b"a\rb\r\nc\xff", "line 3 is not UTF-8"),
        (b"\xff\xfed\0a", "line 1 is not UTF-16-LE text"),  # cut off within a character
        ("a\nb".encode("utf-16-le"), "line 1 has zero bytes"),  # without its mark
        (b"a\nPK\x03\x04\0\xff", "line 2 has zero bytes"),
        (b"\xff\xfea\0\n\0\0\0", "line 2 has zero bytes"),
    ],
)
def test_other_encodings_are_named_with_their_line(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_text(tmp_path / "a.txt")
    assert str(caught.value).startswith(f"{tmp_path / 'a.txt'}: ")
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent", "pipe", "."):
        with pytest.raises(ValueError, match="cannot be read"):
            read_text(tmp_path / name)


def test_names_become_printable() -> None:
    assert (
        printable("two  words, é, 玫瑰, 🦉\u200d, \u00a0")
        == "two  words, é, 玫瑰, 🦉\u200d, \u00a0"
    )
    assert printable("a\nb\x1b]0;c\x07\x9b\u2028") == r"a\nb\x1b]0;c\x07\x9b\u2028"
    assert printable(os.fsdecode(b"caf\xe9")) == r"caf\xe9"
    assert printable("cod\u202egnp.exe, \u05d0\u200f") == "cod\\u202egnp.exe, \u05d0\u200f"
    assert canonical("e\u0301") == canonical("\u00e9") == "\u00e9"
