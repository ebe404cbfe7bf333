"""The list of official weights, beside the libraries that publish them."""

import json
from math import prod
from typing import Any

import pytest

from npmobilenet import data
from npmobilenet.tables import as_text
from npmobilenet.weights import sources
from npmobilenet.weights.sources import SOURCES, Source, source_named
from tests.foreign import foreign


def of(family: str) -> list[Source]:
    return [source for source in SOURCES.values() if source.family == family]


# ---- by themselves -------------------------------------------------------------------------------


def test_names_files_and_addresses_are_distinct() -> None:
    assert {family: len(of(family)) for family in ("torchvision", "timm", "keras")} == {
        "torchvision": 5,
        "timm": 20,
        "keras": 88,
    }
    for what in ("name", "filename", "url"):
        assert len({getattr(source, what) for source in SOURCES.values()}) == len(SOURCES)
    assert all(name == s.name and name.startswith(f"{s.family}/") for name, s in SOURCES.items())


def test_every_source_fits_a_plan() -> None:
    for source in SOURCES.values():
        fitting = source.plan
        assert fitting.classes == source.classes
        assert fitting.include_top == (not source.name.endswith("_no_top"))
        assert source.preprocessing.resolution == fitting.resolution


def test_published_sizes_are_those_of_the_plans() -> None:
    for source in of("torchvision"):
        numbers = sum(map(prod, source.plan.arrays.values()))
        assert source.mebibytes == pytest.approx(4 * numbers / 2**20, rel=0.015)


def test_json_and_table_hold_all_of_them() -> None:
    listed = json.loads(json.dumps(sources.to_json()))
    assert [entry["name"] for entry in listed] == list(SOURCES)
    assert listed[1]["preprocessing"]["resize"] == 232
    text = as_text(*sources.list_parts())
    rows = [line.split() for line in text.splitlines()]
    assert [row[0] for row in rows if row and row[0] in SOURCES] == list(SOURCES)
    assert ["keras/mobilenet_0.25_224", "v1", "0.25", "224", "~1.8", "Apache-2.0"] in rows


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mobilenetv3_large_100.ra_in1k", "nearest names are timm/mobilenetv3_large_100.ra_in1k"),
        ("torchvision/mobilenet_v2", "torchvision/mobilenet_v2.v1, torchvision/mobilenet_v2.v2$"),
        ("keras/mobilnet_0.25_224", "nearest names are keras/mobilenet_0.25_224"),
        ("@@@", "npmobilenet weights list has them all"),
    ],
)
def test_an_unknown_name_brings_the_nearest(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        source_named(name)


# ---- beside the libraries ------------------------------------------------------------------------


def test_torchvision() -> None:
    models = foreign("torchvision.models")
    published = {}
    for model in models.list_models(module=models, include="mobilenet*"):
        for weights in models.get_model_weights(model):
            edition = weights.name.removeprefix("IMAGENET1K_").lower()
            published[f"torchvision/{model}.{edition}"] = weights
    assert set(published) == {source.name for source in of("torchvision")}
    for name, weights in published.items():
        source, preset = SOURCES[name], weights.transforms()
        assert source.url == weights.url
        assert source.mebibytes == weights.meta["_file_size"]
        assert source.classes == len(weights.meta["categories"])
        assert [source.preprocessing.resize] == preset.resize_size
        trained = sum(map(prod, source.plan.parameters.values()))
        assert trained == weights.meta["num_params"]


def timm_models() -> dict[str, Any]:
    """timm's pretrained MobileNets V1 to V3, without the relatives that go by the same name."""
    timm = foreign("timm")
    names = timm.list_pretrained(["mobilenetv[123]*", "tf_mobilenetv3*"])
    return {f"timm/{name}": timm.get_pretrained_cfg(name) for name in names}


def test_timm() -> None:
    published = timm_models()
    deeper = {name for name in published if name.split(".")[0].endswith("0d")}
    assert len(deeper) == 3
    assert set(published) - deeper == {source.name for source in of("timm")}
    for source in of("timm"):
        facts = published[source.name]
        base = f"https://huggingface.co/{facts.hf_hub_id}"
        assert source.url == f"{base}/resolve/main/model.safetensors"
        assert (source.classes, source.resolution) == (facts.num_classes, facts.input_size[1])
        assert source.licence.lower() == facts.license
        recipe = source.recipe
        assert (recipe.crop, recipe.mean, recipe.std) == (facts.crop_pct, facts.mean, facts.std)
        assert recipe.interpolation == facts.interpolation


@pytest.mark.parametrize("source", of("timm"), ids=lambda source: source.name)
def test_timms_models_have_as_many_parameters(source: Source) -> None:
    timm = foreign("timm")
    name = source.name.removeprefix("timm/").split(".")[0]
    theirs = timm.create_model(name, num_classes=source.classes, pretrained=False).parameters()
    ours = source.plan.parameters.values()
    assert sum(map(prod, ours)) == sum(parameter.numel() for parameter in theirs)


KERAS = [
    ("MobileNet", {"alpha": 0.25, "input_shape": (128, 128, 3)}, "mobilenet_0.25_128"),
    ("MobileNet", {"alpha": 1.0, "include_top": False}, "mobilenet_1.0_224_no_top"),
    ("MobileNetV2", {"alpha": 0.35, "input_shape": (96, 96, 3)}, "mobilenet_v2_0.35_96"),
    ("MobileNetV2", {"alpha": 1.4, "include_top": False}, "mobilenet_v2_1.4_224_no_top"),
    ("MobileNetV3Small", {"alpha": 0.75}, "mobilenet_v3_small_0.75_224"),
    (
        "MobileNetV3Large",
        {"minimalistic": True, "include_top": False},
        "mobilenet_v3_large_minimalistic_1.0_224_no_top",
    ),
]


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
@pytest.mark.parametrize(("model", "options", "name"), KERAS, ids=[row[2] for row in KERAS])
def test_keras(
    model: str, options: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    applications = foreign("keras").applications
    asked: list[tuple[str, str | None]] = []

    def get_file(file: str, origin: str, file_hash: str | None = None, **_: object) -> str:
        asked.append((origin, file_hash))
        raise FileNotFoundError  # it would be downloaded here

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with pytest.raises(FileNotFoundError):
        getattr(applications, model)(weights="imagenet", **options)
    source = SOURCES[f"keras/{name}"]
    md5 = source.checksum.removeprefix("md5:") if source.checksum else None
    assert asked == [(source.url, md5)]


def test_all_of_keras_hashes() -> None:
    foreign("keras")
    module = foreign("keras.src.applications.mobilenet_v3")
    published = {f"md5:{md5}" for both in module.WEIGHTS_HASHES.values() for md5 in both}
    assert published == {source.checksum for source in of("keras")} - {None}
    for source in of("keras"):
        if source.model.startswith("v3"):
            size = source.url.split("v3_")[-1].removesuffix(".h5").split("_no_top")[0]
            at = source.name.endswith("_no_top")
            assert source.checksum == f"md5:{module.WEIGHTS_HASHES[size][at]}"


# ---- ImageNet's classes --------------------------------------------------------------------------


def test_imagenets_classes() -> None:
    names = data.imagenet_classes()
    assert len({name.lower() for name in names}) == len(names) == 1000
    assert all(name == name.strip() and name for name in names)
    known = {
        0: "tench", 1: "goldfish", 134: "crane (bird)", 207: "golden retriever", 281: "tabby",
        285: "Egyptian cat", 404: "airliner", 474: "cardigan", 517: "crane (machine)",
        817: "sports car", 954: "banana", 985: "daisy", 999: "toilet tissue",
    }  # fmt: skip
    assert {place: names[place] for place in known} == known
    assert data.imagenet_classes(background=True) == ("background", *names)


def test_the_order_is_torchvisions() -> None:
    theirs = foreign("torchvision.models._meta")._IMAGENET_CATEGORIES
    plain = str.maketrans("", "", ",()")  # they write "crane bird" and "maillot tank suit"
    for ours, name in zip(data.imagenet_classes(), theirs, strict=True):
        assert ours.translate(plain).startswith(name)
