"""Networks as tables: every model's and back, one that no family has, and files that are damaged."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.network_plan import toml_of_plan
from npmobilenet.models.registry import MODELS
from npmobilenet.models.rows import Bottleneck, Full, Fused, Hidden, Pool, Separable, Table, Uib

MIXED = """
stem = 24
last = 64
resolution = [37, 45]
classes = 7
rows = [
    {block = "separable", out = 32, k = 5, multiplier = 2},
    {block = "uib", k1 = 3, k2 = 5, t = 3, out = 40, s = 2},
    {block = "bneck", k = 5, exp = 96, out = 40, se = true, nl = "HS", s = 1},
    {block = "convolution", out = 48, s = 2, groups = 4},
    {block = "inverted", t = 4, c = 56, n = 2, s = 1},
    {block = "fused", t = 2, out = 56, n = 2},
]

[switches]
padding = "symmetric"
strided_padding = [0, 1, 0, 1]
"""


def written(folder: Path, text: str, name: str = "my_net.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("model", MODELS)
def test_every_model_and_back(model: str, tmp_path: Path) -> None:
    """In each dialect that has it, at another width and size too: the very plan."""
    version = MODELS[model].family.version
    for name, dialect in nm.DIALECTS.items():
        if version in dialect.versions:
            for options in ({}, {"width": 0.75, "resolution": (64, 96), "classes": 5}):
                plan = nm.plan(model, dialect=name, **options)  # type: ignore[arg-type]
                assert nm.plan(written(tmp_path, toml_of_plan(plan))) == plan


def test_one_that_no_family_has(tmp_path: Path) -> None:
    """Two paddings, odd sizes, six kinds of blocks: run, compiled, trained and counted."""
    plan = nm.plan(written(tmp_path, MIXED))
    assert (plan.model, plan.family.name, plan.resolution, plan.classes) == (
        "my_net",
        "own",
        (37, 45),
        7,
    )
    assert nm.plan(**plan.asked) == plan
    assert nm.plan(written(tmp_path, toml_of_plan(plan), "again.toml")) == plan
    assert plan["blocks.1.depthwise"].padding == "symmetric"  # type: ignore[attr-defined]
    assert plan["blocks.2.depthwise"].padding == (0, 1, 0, 1)  # type: ignore[attr-defined]
    params = nm.init(plan, 0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 37, 45, 3)).astype(np.float32)
    expected = nm.infer(plan, params, x, rung="numpy")
    np.testing.assert_allclose(nm.compile(plan, params, 2)(x), expected, rtol=1e-4, atol=1e-5)
    logits, tape, _ = nm.forward(plan, params, x, train=True, rung="numpy", rng=rng)
    grads = nm.backward(plan, np.ones_like(logits), tape)
    assert list(grads) == list(plan.parameters)
    assert nm.cost(plan).macs == sum(layer.macs for layer in plan)


def test_rows_in_python() -> None:
    """The same records: a list of them, or a whole table."""
    rows = [
        Separable(out=16, s=2),
        Full(out=24, k=1),
        Pool(k=2),
        Uib(k1=0, k2=3, t=2, out=24),
        Hidden(out=9),
    ]
    plan = nm.plan("small", rows=rows, resolution=32, classes=4)
    assert (plan.model, plan.table) == ("small", Table(stem=32, rows=tuple(rows)))
    assert [layer.kind for layer in plan][-4:] == ["dense", "activation", "dropout", "dense"]
    assert nm.plan(rows=Table(stem=8, rows=(Fused(t=2, out=8),)), resolution=16).table is not None
    assert nm.plan(rows=[Bottleneck(t=1, c=8, n=1, s=1)], resolution=16).family.version == "v2"
    with pytest.raises(ValueError, match=r"row 2 must be of Separable, Full, .*, found 3"):
        nm.plan(rows=[Separable(out=16), 3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="rows must be a Table or a list of rows, found 'v1'"):
        nm.plan(rows="v1")  # type: ignore[arg-type]


def test_a_trained_one_travels_alone(tmp_path: Path) -> None:
    """The table is in the weights: the file of rows is not asked for again."""
    file = written(tmp_path, MIXED)
    plan = nm.plan(file)
    file.unlink()
    classes = tuple("abcdefg")
    model = nm.Model(plan, nm.init(plan, 0), classes, Preprocessing.imagenet((37, 45)))
    nm.save(model, tmp_path / "own.safetensors")
    found = nm.load(tmp_path / "own.safetensors")
    assert found.plan == plan
    assert all(np.array_equal(found.params[name], value) for name, value in model.params.items())


def test_verbs_take_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(written(tmp_path, MIXED))
    views = (
        "cost",
        "summary",
        "memory",
        "ratio",
        "cost --convention all",
        "cost --width 0.5 --json",
    )
    for verb, *options in map(str.split, views):
        assert main([verb, file, *options]) == 0
        assert capsys.readouterr().out
    assert main(["summary", file, "--toml"]) == 0
    again = written(tmp_path, capsys.readouterr().out, "again.toml")
    assert nm.plan(again) == nm.plan(file)


GOOD = 'rows = [{block = "separable", out = 8}]\n'
ROW = '{block = "separable", out = 8}'
DAMAGED: dict[str, tuple[str, str]] = {
    "empty": ("", "rows must be a list of tables, one a row, found None"),
    "no rows": ("rows = []", "rows must be a list of tables, one a row, found []"),
    "rows a number": ("rows = 3", "rows must be"),
    "a row a number": ("rows = [3]", "row 1 must be a table, found 3"),
    "no block": ("rows = [{out = 8}]", "row 1: block must be one of separable, convolution"),
    "block of no kind": (
        'rows = [{block = "seperable", out = 8}]',
        "found 'seperable'; did you mean separable?",
    ),
    "block a number": ("rows = [{block = 1}]", "row 1: block must be one of"),
    "no out": ('rows = [{block = "separable"}]', "row 1 (separable): out is missing"),
    "out a text": (
        'rows = [{block = "separable", out = "8"}]',
        "row 1 (separable): out must be a whole number",
    ),
    "out a part": (
        'rows = [{block = "separable", out = 8.5}]',
        "out must be a whole number from 1 to 65,536, found 8.5",
    ),
    "out below": ('rows = [{block = "separable", out = 0}]', "found 0"),
    "out true": ('rows = [{block = "separable", out = true}]', "out must be a whole number"),
    "out huge": ('rows = [{block = "separable", out = 99999999}]', "found 99999999"),
    "stride below": (
        'rows = [{block = "separable", out = 8, s = 0}]',
        "s must be a whole number from 1",
    ),
    "wrong key": (
        'rows = [{block = "separable", outt = 8}]',
        "unknown key 'outt'; did you mean out?",
    ),
    "second row": (
        f'rows = [{ROW}, {{block = "uib", k1 = 3, out = 8, t = 2}}]',
        "row 2 (uib): k2 is missing",
    ),
    "nl": (
        'rows = [{block = "bneck", k = 3, exp = 8, out = 8, se = true, nl = "relu", s = 1}]',
        "nl must be one of RE, HS",
    ),
    "se a number": (
        'rows = [{block = "bneck", k = 3, exp = 8, out = 8, se = 1, nl = "RE", s = 1}]',
        "se must be true or false",
    ),
    "pool of": (
        'rows = [{block = "pool", of = "mean"}]',
        "of must be one of max, average, found 'mean'",
    ),
    "t below": ('rows = [{block = "fused", t = 0, out = 8}]', "t must be a number from 1"),
    "t not a number": ('rows = [{block = "fused", t = nan, out = 8}]', "t must be a number"),
    "repeats": (
        'rows = [{block = "separable", out = 8, n = 0}]',
        "n must be a whole number from 1 to 10,000",
    ),
    "too many": (
        f"rows = [{', '.join([ROW[:-1] + ', n = 9999}'] * 2)}]",
        "rows must be at most 10,000",
    ),
    "dense first": (
        f'rows = [{{block = "dense", out = 8}}, {ROW}]',
        "row 1 (dense) must stand behind all others",
    ),
    "groups": ('stem = 9\nrows = [{block = "convolution", out = 8, groups = 4}]', "groups"),
    "top key": ("stemm = 8\n" + GOOD, "unknown key 'stemm'; did you mean stem?"),
    "stem below": ("stem = -1\n" + GOOD, "stem must be a whole number from 0"),
    "like": ('like = "v9"\n' + GOOD, "like must be one of v1, v2, v3, v4, found 'v9'"),
    "dialect": ('dialect = "timmm"\n' + GOOD, "found 'timmm'; did you mean timm?"),
    "dialect has it not": ('like = "v4"\ndialect = "keras"\n' + GOOD, "dialect keras has no v4"),
    "switch": (
        GOOD + "[switches]\npaddding = 'same'\n",
        "switches: unknown key 'paddding'; did you mean padding?",
    ),
    "switch's value": (
        GOOD + "[switches]\npadding = 'wide'\n",
        "switches: padding must be one of same, symmetric",
    ),
    "switches a list": ("switches = []\n" + GOOD, "switches must be a table"),
    "name": ('name = ""\n' + GOOD, "name must be a text of 1 to 100 characters"),
    "name with escapes": ('name = "\\u001b[31m"\n' + GOOD, "name must be a text"),
    "width": ('width = "wide"\n' + GOOD, "width must be a number above 0"),
    "resolution": ("resolution = [8, 8, 8]\n" + GOOD, "resolution must be"),
    "classes": ("classes = 0\n" + GOOD, "classes must be a positive integer, found 0"),
    "no TOML": ("rows = [", "not a TOML file: "),
    "twice": (GOOD + GOOD, "not a TOML file: "),
    "nested": ("rows = " + "[" * 3000, "not a TOML file: "),
    "window": (
        'resolution = 8\nrows = [{block = "pool", k = 64}]\n[switches]\npadding = "symmetric"\n',
        "",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged(case: str, tmp_path: Path) -> None:
    """One line that names the file, and what in it."""
    text, words = DAMAGED[case]
    file = written(tmp_path, text)
    if not words:  # odd, and possible
        assert nm.plan(file).layers
        return
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        nm.plan(file)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{file}: ")


def test_files_as_editors_save_them(tmp_path: Path) -> None:
    """A byte-order mark, line ends of Windows, letters of any alphabet."""
    file = tmp_path / "网络.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert nm.plan(file).model == "网络"
    for data, words in (
        (b"\xff\xfe\x00", "not UTF-16-LE text"),
        (b"#" * (2**20 + 1), "larger than the 1.0 MB"),
    ):
        file.write_bytes(data)
        with pytest.raises(ValueError, match=words):
            nm.plan(file)
    with pytest.raises(ValueError, match=r"none.toml: no such file$"):
        nm.plan(tmp_path / "none.toml")
    with pytest.raises(ValueError, match=str(tmp_path)):
        nm.plan(replace_suffix(tmp_path))


def replace_suffix(folder: Path) -> Path:
    """A folder that is called like a file."""
    made = folder / "folder.toml"
    made.mkdir()
    return made


def test_v4_is_a_table_like_any_other() -> None:
    for size, trained in (("small", 3_774_024), ("medium", 9_715_512), ("large", 32_590_864)):
        for dialect in ("paper", "timm"):
            plan = nm.plan(f"v4-conv-{size}", dialect=dialect)
            assert nm.cost(plan).params.trainable == trained
    with pytest.raises(ValueError, match="dialect keras has no v4"):
        nm.plan("v4-conv-small", dialect="keras")


def test_a_model_of_a_changed_table_is_ones_own() -> None:
    """By its name v2, by its rows not."""
    table = MODELS["v2"].table
    plan = nm.plan("v2", rows=replace(table, rows=table.rows[:-1]))
    assert (plan.family.name, plan.family.version) == ("own", "v2")
    assert nm.plan("v2", rows=table) == nm.plan("v2")
