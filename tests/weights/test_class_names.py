"""Files of class names in the forms that people have them: read in the right order, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from npmobilenet.names import read_class_names

WANTED = ("rose", "daisy", "tulip")
DOCUMENTS: dict[str, Any] = {
    "a list": list(WANTED),
    "numbers": {"0": "rose", "1": "daisy", "2": "tulip"},
    "numbers out of order": {"2": "tulip", "0": "rose", "1": "daisy"},
    "Keras' class_indices": {"daisy": 1, "rose": 0, "tulip": 2},
    "the same as text": {"daisy": "1", "rose": "0", "tulip": "2"},
    "Keras' ImageNet": {"0": ["n1", "rose"], "1": ["n2", "daisy"], "2": ["n3", "tulip"]},
    "its pairs as a list": [["n1", "rose"], ["n2", "daisy"], ["n3", "tulip"]],
    "Hugging Face": {
        "architectures": ["MobileNetV2"],
        "id2label": {"1": "daisy", "0": "rose", "2": "tulip"},
        "label2id": {"daisy": 1, "rose": 0, "tulip": 2},
    },
    "torchvision": {"class_to_idx": {"daisy": 1, "rose": 0, "tulip": 2}},
    "in a field": {"version": 2, "names": list(WANTED)},
}
TEXTS = {
    "lines": "rose\ndaisy\ntulip\n\n",
    "numbered": "0 rose\n1 daisy\n2 tulip",
    "numbered, out of order": "2 tulip\n0 rose\n1 daisy",
    "with colons": "0: rose\n1: daisy\n2: tulip",
    "comma-separated": "0,rose\n1,daisy\n2,tulip",
    "tabs": "0\trose\n1\tdaisy\n2\ttulip",
    "JSON by another name": '["rose", "daisy", "tulip"]',
    "Python's dict": "{0: 'rose',\n 2: 'tulip',\n 1: 'daisy',}",
}


def read(folder: Path, content: Any, name: str = "names.json") -> tuple[str, ...]:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")
    return read_class_names(folder / name)


@pytest.mark.parametrize("form", DOCUMENTS)
def test_documents(form: str, tmp_path: Path) -> None:
    assert read(tmp_path, DOCUMENTS[form]) == WANTED


@pytest.mark.parametrize("form", TEXTS)
def test_lines(form: str, tmp_path: Path) -> None:
    assert read(tmp_path, TEXTS[form], "names.txt") == WANTED


def test_names_are_taken_as_they_are(tmp_path: Path) -> None:
    for names in (
        ("[unknown]", "a b, c"),
        ("7 up", "cola"),
        ("class 0", "class 1"),
        ("10", "9"),
        ("a\u2028b", "\u85a0"),
    ):
        assert read(tmp_path, "\n".join(names), "names.txt") == names
    digits = {str(k): k for k in range(12)}  # folders called by digits, sorted as text by Keras
    assert read(tmp_path, dict(sorted(digits.items()))) == tuple(digits)


REFUSED: list[tuple[Any, str]] = [
    ({"0": "a", "2": "b"}, r"the numbers must be 0, 1, 2 .* found 0, 2"),
    ({"1": "a", "2": "b"}, "found 1, 2"),
    ({"a": 0, "b": 0}, "found 0, 0"),
    ({"a": 0, "b": True}, "expected a name a line"),
    ({"a": "b"}, "expected a name a line"),
    ({}, "expected a name a line"),
    ([], "no class names"),
    ([1, 2], "found 1 where a name should be"),
    ({"0": None}, "found None where a name"),
    ("3", "expected a name a line"),
    ("[" * 9999, "expected a name a line"),
    ('{"0": "a", "1": ', r"not a file of class names .* expected a name"),
    ('{"0": "a", "0": "b"}', "'0' stands there 2 times"),
    (["a", " "], "class 1 has an empty name"),
    (["a", "b", "a"], "classes 0 and 2 are both called 'a'"),
    (["\u00e9", "e\u0301"], "classes 0 and 1 are both called"),
    ('["\\ud800"]', "half a character"),
]


@pytest.mark.parametrize(("document", "message"), REFUSED)
def test_refused_documents(document: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, document)
    assert str(caught.value).startswith(f"{tmp_path / 'names.json'}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no class names"),
        ("\n\n", "no class names"),
        ("a\n\nb\n", "line 2 is empty"),
        ("a\na\n", "both called 'a'"),
        ("0 a\n2 b\n", "the numbers must be 0, 1, 2"),
        ("id,name\n0,a\n1,b\n", "line 1, 'id,name', has no number"),
        ("a 1\nb 0\n", "the numbers stand behind the names"),
        ("{0: 'a', 1: \n", "expected a name a line"),
    ],
)
def test_refused_lines(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, text, "names.txt")
    assert str(caught.value).startswith(f"{tmp_path / 'names.txt'}: ")


def test_numbers_and_names_that_are_no_honest_ones(tmp_path: Path) -> None:
    path = tmp_path / "names.json"
    for text, told in (
        ("9" * 5000 + " a\n1 b", r"a number of 5,000 digits; they must be 0, 1, 2"),
        (f'{{"{"9" * 5000}": "a"}}', r"a number of 5,000 digits; they must be 0, 1, 2"),
        (f'{{"a": {"9" * 5000}}}', r"a whole number of 5,000 digits, at most 300 are read"),
        (
            f'["{"x" * 5000}", "{"x" * 5000}"]',
            r"classes 0 and 1 are both called .*5,000 characters",
        ),
    ):
        file = path if text[0] in "[{" else tmp_path / "names.txt"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=rf"^{file}: {told}") as caught:
            read_class_names(file)
        assert len(str(caught.value)) < 500


def test_two_cranes_of_imagenet_are_told_apart(tmp_path: Path) -> None:
    """Its usual lists call classes 134 and 517 alike."""
    names = [f"name {k}" for k in range(1000)]
    names[134] = names[517] = "crane"
    found = read(tmp_path, "\n".join(names), "names.txt")
    assert (found[134], found[517], len(set(found))) == ("crane (134)", "crane (517)", 1000)
    index = {str(k): [f"n{k:08}", name] for k, name in enumerate(names)}
    assert read(tmp_path, index)[517] == "crane (n00000517)"
