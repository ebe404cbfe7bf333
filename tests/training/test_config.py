"""Configurations: layers, slips of the pen, files that come back as they went."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npmobilenet.images.augment import Augment
from npmobilenet.recipes import RECIPES, recipe_text, recipe_title
from npmobilenet.settings import to_toml
from npmobilenet.training.config import Config, Data, Network, Train
from npmobilenet.training.documents import merged, overrides, read_document
from npmobilenet.training.optimizers import OPTIMIZERS, Adam, Sgd
from npmobilenet.training.schedules import SCHEDULES, Exponential


def test_the_defaults_are_a_configuration() -> None:
    assert Config.from_document({}) == Config()
    assert Config.from_document({"train": {"epochs": 3}}).train == Train(epochs=3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_resolved_configuration_comes_back(optimizer: str, schedule: str, tmp_path: Path) -> None:
    """Written as TOML and read again it is equal, every key of it in the file."""
    config = Config(
        data=Data(path='pho"tos\\ ü\t\x7f', holdout=1e-5),
        model=Network(resolution=(96, 128), weights="a = b # c"),
        switches={"dropout": 0.2, "activation": "swish", "strided_padding": [0, 1, 0, 1]},
        augment=Augment(crop=True, scale=(0.5, 1.0)),
        optimizer=OPTIMIZERS[optimizer](no_decay=()),
        schedule=SCHEDULES[schedule](warmup_epochs=1.5),
        train=Train(freeze=("stem*", "!x")),
    )
    file = tmp_path / "config.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    document = read_document(file)
    assert Config.from_document(document) == config
    assert document == config.to_document()


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.one_of(
            st.booleans(),
            st.integers(-(2**53), 2**53),
            st.floats(allow_nan=False),
            st.text(st.characters(exclude_categories=["Cs"])),
            st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3)),
        ),
        min_size=1,
    )
)
def test_the_writer_writes_toml(table: dict[str, Any]) -> None:
    import tomllib

    assert tomllib.loads(to_toml({"section": table}))["section"] == table


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"train": {"epoch": 3}}, r"unknown key train\.epoch; did you mean train\.epochs\?"),
        (
            {"optimizer": {"lrate": 3}},
            r"unknown key optimizer\.lrate; did you mean optimizer\.lr\?",
        ),
        ({"optimizer": {"name": "adam", "momentum": 0.9}}, r"unknown key optimizer\.momentum; did"),
        ({"optimizer": {"name": "adamx"}}, r"found 'adamx'; did you mean adam\?"),
        ({"schedule": {"name": "cosin"}}, r"did you mean cosine\?"),
        ({"switches": {"dropuot": 0.1}}, r"unknown key switches\.dropuot; did you mean dropout\?"),
        ({"train": {"epochs": "3"}}, r"train\.epochs must be a whole number, found '3'"),
        ({"train": {"epochs": 3.0}}, r"train\.epochs must be a whole number, found 3\.0"),
        ({"train": {"epochs": True}}, r"train\.epochs must be a whole number, found True"),
        ({"train": {"ema": "x"}}, r"train\.ema must be a number, found 'x'"),
        ({"augment": {"crop": 1}}, r"augment\.crop must be true or false, found 1"),
        ({"train": {"freeze": "stem*"}}, r"train\.freeze must be a list, found 'stem\*'"),
        ({"train": {"freeze": [1]}}, r"train\.freeze must be a text in quotes, found 1"),
        ({"train": {"epochs": 0}}, r"train\.epochs must be above 0, found 0"),
        ({"optimizer": {"lr": -1}}, r"optimizer\.lr must be above 0, found -1\.0"),
        ({"data": {"validation": "vall"}}, r"data\.validation must be one of given, holdout, none"),
        ({"model": {"resolution": [1, 2, 3]}}, r"model\.resolution must be one or two numbers"),
    ],
)
def test_slips_are_named(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Config.from_document(document)
    assert "\n" not in str(caught.value)


def test_overrides_are_toml_or_text() -> None:
    words = [
        "train.epochs=20", "optimizer.lr=5e-2", "data.path=my photos", 'model.name = "v2"',
        "augment.crop=true", "train.freeze=['stem*']", "model.weights=runs/a=b",
    ]  # fmt: skip
    assert overrides(words) == {
        "train": {"epochs": 20, "freeze": ["stem*"]},
        "optimizer": {"lr": 0.05},
        "data": {"path": "my photos"},
        "model": {"name": "v2", "weights": "runs/a=b"},
        "augment": {"crop": True},
    }


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("train.epochs", "expected section.key=value"),
        ("epochs=3", r"did you mean train\.epochs\?"),
        ("lr=3", r"did you mean optimizer\.lr\?"),
        ("trian.epochs=3", r"did you mean train\.epochs\?"),
    ],
)
def test_overrides_that_lead_nowhere(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        overrides([word])


def test_later_layers_lie_on_earlier_ones() -> None:
    """Another optimiser takes the old one's keys away: they were not meant for it."""
    recipe = {"optimizer": {"name": "sgd", "lr": 0.1, "nesterov": True}, "train": {"epochs": 9}}
    above = merged(recipe, {"optimizer": {"lr": 0.2}}, {"train": {"batch": 4}})
    config = Config.from_document(above)
    assert config.optimizer == Sgd(lr=0.2, nesterov=True)
    assert (config.train.epochs, config.train.batch) == (9, 4)
    other = Config.from_document(merged(recipe, {"optimizer": {"name": "adam"}}))
    assert other.optimizer == Adam()
    same = Config.from_document(merged(recipe, {"optimizer": {"name": "sgd"}}))
    assert same.optimizer == Sgd(lr=0.1, nesterov=True)
    bare = {"optimizer": {"lr": 0.3}}  # sgd, the default
    assert Config.from_document(merged(bare, {"optimizer": {"name": "adam"}})).optimizer == Adam()


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no recipe of that name; did you mean flowers-finetune"):
        read_document("flowers-fintune")
    for text, message in (
        ("train = 3", r"train must be a section, \[train\], found 3"),
        ("[trian]\nepochs = 3", r"unknown key trian; did you mean train\?"),
        ("[train\n", "not a TOML file"),
    ):
        file = tmp_path / "run.toml"
        file.write_text(text)
        with pytest.raises(ValueError, match=message) as caught:
            read_document(file)
        assert str(file) in str(caught.value)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_configuration(name: str) -> None:
    """With a title, and a network that can be planned."""
    import npmobilenet as nm

    assert 20 < len(recipe_title(name)) < 100
    assert recipe_text(name).startswith("# ")
    config = Config.from_document(read_document(name))
    size = (2 * config.model.resolution)[:2] or None
    plan = nm.plan(config.model.name, width=config.model.width, resolution=size)
    assert plan.layers


def test_the_papers_own_numbers() -> None:
    """V1/V2: RMSProp 0.9/0.9, 0.045 x 0.98 an epoch, decay 4e-5; V3: EMA 0.9999, dropout 0.2."""
    for name in ("v1-paper", "v2-paper"):
        config = Config.from_document(read_document(name))
        optimizer: Any = config.optimizer
        assert (optimizer.name, optimizer.rho, optimizer.momentum) == ("rmsprop", 0.9, 0.9)
        assert (optimizer.lr, optimizer.weight_decay) == (0.045, 4e-5)
        assert not optimizer.decays("blocks.1.depthwise.weight")
        assert optimizer.decays("blocks.1.pointwise.weight")
        assert config.schedule == Exponential(gamma=0.98)
    v3 = Config.from_document(read_document("v3-paper"))
    assert v3.train.ema == 0.9999
    assert v3.switches["dropout"] == 0.2
    assert v3.optimizer.weight_decay == 1e-5


@pytest.mark.parametrize("recipe", ["fashion-mnist", "fashion-mnist-v3"])
def test_fashion_mnist_has_at_most_a_million_parameters(recipe: str) -> None:
    from dataclasses import replace

    import npmobilenet as nm
    from npmobilenet.models.dialects import dialect_at

    config = Config.from_document(read_document(recipe))
    dialect = dialect_at(config.model.dialect, config.model.name[:2])
    plan = nm.plan(
        config.model.name, width=config.model.width, resolution=28, classes=10, channels=1,
        dialect=replace(dialect, **config.switches),
    )  # fmt: skip
    assert nm.cost(plan).params.trainable <= 1_000_000
