"""The weight files that torchvision, timm and Keras publish for networks that a plan can describe.

Each comes with the facts that its tensors do not tell.  Read off torchvision 0.28
(`models/mobilenetv2.py`, `mobilenetv3.py`), timm 1.0.31 (`default_cfgs`) and Keras 3.15
(`applications/mobilenet*.py`); the tests read them there again.  SHA-256 of whole files stand in
none of these: they are those that people who fetched them state in public, checked against what the
publisher does say (torchvision: the first eight digits and the size).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from math import prod
from typing import Any

from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan, plan
from . import preprocessing as recipes


@dataclass(frozen=True, kw_only=True)
class Source:
    """One official weight file.

    name        "family/name.edition", what `get` takes
    family      who reads it: `import_weights(path, family)`
    model, width, resolution, classes, dialect   the plan it fits; classes 0 is a file without the top
    url         where it is
    recipe      how the images were prepared that it was measured on
    licence     of the project that publishes it
    checksum    "sha256:..." or "md5:...", as far as published; None: nothing is
    sha256      of all its bytes, 64 digits, where somebody has published that; None: nobody has
    mebibytes   its size in units of 2^20 bytes, to three decimals; None: not published
    """

    name: str
    family: str
    model: str
    width: float
    resolution: int
    classes: int
    dialect: str
    url: str
    recipe: recipes.Recipe
    licence: str
    checksum: str | None = None
    sha256: str | None = None
    mebibytes: float | None = None

    @property
    def plan(self) -> Plan:
        """The network these weights are for."""
        return plan(
            self.model,
            width=self.width,
            resolution=self.resolution,
            classes=self.classes or None,
            dialect=self.dialect,
            include_top=self.classes > 0,
        )

    @property
    def preprocessing(self) -> Preprocessing:
        """What an image goes through before it."""
        return self.recipe.at((self.resolution, self.resolution))

    @property
    def filename(self) -> str:
        """Its place in the cache folder: the publisher's name, or ours where theirs says nothing."""
        last = self.url.rsplit("/", 1)[1]
        if last == "model.safetensors":  # the hub's name for all of them
            return f"{self.name}.safetensors"
        return f"{self.family}/{last}"

    @property
    def checksums(self) -> tuple[str, ...]:
        """What the file is held to: `sha256` and `checksum`, as far as there are any."""
        whole = () if self.sha256 is None else (f"sha256:{self.sha256}",)
        return whole + (() if self.checksum is None else (self.checksum,))

    @property
    def largest(self) -> int:
        """Bytes that the file can honestly have: its numbers twice, or its size where that is known."""
        if self.mebibytes is not None:
            return int(self.mebibytes * 2**20) + 2**12
        return 8 * sum(map(prod, self.plan.arrays.values())) + 2**22

    def to_json(self) -> dict[str, Any]:
        """A plain dict; of the recipe, what it comes to at this resolution."""
        facts = asdict(self)
        del facts["recipe"]
        return facts | {"preprocessing": self.preprocessing.to_json()}


# name, edition, SHA-256 and size in MiB
_TORCHVISION = (
    ("mobilenet_v2", 1, "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889", 13.555),
    ("mobilenet_v2", 2, "7ebf99e03e254b273379b23edca7ec0da9f48273b23a332b93c1c99d49e86e8f", 13.598),
    ("mobilenet_v3_large", 1, "8738ca797c879b547d18bbd15da5736ff2557b2036a9af72225393ca61759a04", 21.114),
    ("mobilenet_v3_large", 2, "5c1a416349c4cf298f2a6a5e2600ed0ee55e604713578f5e74e6bc8bcaef7997", 21.107),
    ("mobilenet_v3_small", 1, "047dcff4addef86ea5bc2eff13c9614dc11f47ab1160d0a71a25e7db994f4e1f", 9.829),
)  # fmt: skip


def _torchvision() -> Iterator[Source]:
    models = {
        "mobilenet_v2": "v2",
        "mobilenet_v3_large": "v3-large",
        "mobilenet_v3_small": "v3-small",
    }
    for name, edition, sha256, mebibytes in _TORCHVISION:
        digits = sha256[:8]  # all that torchvision itself publishes
        yield Source(
            name=f"torchvision/{name}.v{edition}",
            family="torchvision",
            model=models[name],
            width=1.0,
            resolution=224,
            classes=1000,
            dialect="torchvision",
            url=f"https://download.pytorch.org/models/{name}-{digits}.pth",
            recipe=recipes.TORCHVISION if edition == 1 else recipes.TORCHVISION_232,
            licence="BSD-3-Clause",
            checksum=f"sha256:{digits}",
            sha256=sha256,
            mebibytes=mebibytes,
        )


_RA4_90 = replace(recipes.TIMM_RA4, crop=0.90)
_RA4_95 = replace(recipes.TIMM_RA4, crop=0.95)

# Not here, for no plan describes them: mobilenetv2_110d and _120d and mobilenetv3_large_150d, which
# are deeper.  in21k: 11221 classes of ImageNet-21k-P.
_TIMM = (
    ("mobilenetv1_100.ra4_e3600_r224_in1k", "v1", 1.0, "timm", recipes.TIMM_RA4),
    ("mobilenetv1_100h.ra4_e3600_r224_in1k", "v1", 1.0, "timm-h", recipes.TIMM_RA4),
    ("mobilenetv1_125.ra4_e3600_r224_in1k", "v1", 1.25, "timm", _RA4_90),
    ("mobilenetv2_050.lamb_in1k", "v2", 0.5, "timm", recipes.TIMM),
    ("mobilenetv2_100.ra_in1k", "v2", 1.0, "timm", recipes.TIMM),
    ("mobilenetv2_140.ra_in1k", "v2", 1.4, "timm", recipes.TIMM),
    ("mobilenetv3_large_100.miil_in21k", "v3-large", 1.0, "timm", recipes.TIMM_MIIL),
    ("mobilenetv3_large_100.miil_in21k_ft_in1k", "v3-large", 1.0, "timm", recipes.TIMM_MIIL),
    ("mobilenetv3_large_100.ra4_e3600_r224_in1k", "v3-large", 1.0, "timm", _RA4_95),
    ("mobilenetv3_large_100.ra_in1k", "v3-large", 1.0, "timm", recipes.TIMM),
    ("mobilenetv3_rw.rmsp_in1k", "v3-large", 1.0, "timm-rw", recipes.TIMM),
    ("mobilenetv3_small_050.lamb_in1k", "v3-small", 0.5, "timm", recipes.TIMM),
    ("mobilenetv3_small_075.lamb_in1k", "v3-small", 0.75, "timm", recipes.TIMM),
    ("mobilenetv3_small_100.lamb_in1k", "v3-small", 1.0, "timm", recipes.TIMM),
    ("tf_mobilenetv3_large_075.in1k", "v3-large", 0.75, "timm-tf", recipes.TIMM_TF),
    ("tf_mobilenetv3_large_100.in1k", "v3-large", 1.0, "timm-tf", recipes.TIMM_TF),
    ("tf_mobilenetv3_large_minimal_100.in1k", "v3-large-minimalistic", 1.0, "timm-tf", recipes.TIMM_TF),
    ("tf_mobilenetv3_small_075.in1k", "v3-small", 0.75, "timm-tf", recipes.TIMM_TF),
    ("tf_mobilenetv3_small_100.in1k", "v3-small", 1.0, "timm-tf", recipes.TIMM_TF),
    ("tf_mobilenetv3_small_minimal_100.in1k", "v3-small-minimalistic", 1.0, "timm-tf", recipes.TIMM_TF),
)  # fmt: skip


# SHA-256 of model.safetensors, as the hub states it
_TIMM_SHA256 = {
    "mobilenetv1_100.ra4_e3600_r224_in1k":
        "15c2f1411deb8e0533acbb41fe9523062f80d444d0393e7ad2b429f41378efc3",
    "mobilenetv1_125.ra4_e3600_r224_in1k":
        "5616b1d4d774ac5bdf3fb254a72da78a5f27b19aa13bcceac03a743077c6acd8",
    "mobilenetv2_100.ra_in1k":
        "55ea4fb3a96010b933710ebf44fc965b070d5cd054d3f35e44f2d1320b4a714e",
    "mobilenetv2_140.ra_in1k":
        "7cf3adc9931d132b0629481082a7b3fd2092139e355e89718da151ef50857c2f",
    "mobilenetv3_large_100.ra_in1k":
        "f425af34cc1cead2b5d6211f789a1f30b94835dc32f9c0fcc5a916e4fd2dde85",
    "mobilenetv3_small_100.lamb_in1k":
        "46d2c063b18125884c48937afa4c49e18128869e52e8db96df48bf0a4d7ff697",
}  # fmt: skip


def _timm() -> Iterator[Source]:
    for name, model, width, dialect, recipe in _TIMM:
        yield Source(
            name=f"timm/{name}",
            family="timm",
            model=model,
            width=width,
            resolution=224,
            classes=11221 if name.endswith("_in21k") else 1000,
            dialect=dialect,
            url=f"https://huggingface.co/timm/{name}/resolve/main/model.safetensors",
            recipe=recipe,
            licence="Apache-2.0",
            sha256=_TIMM_SHA256.get(name),
        )


# of V3's files, with the top and without: its width, and the MD5 of both
_KERAS_V3 = (
    ("large", 0.75, "765b44a33ad4005b3ac83185abf1d0eb", "40af19a13ebea4e2ee0c676887f69a2e"),
    ("large", 1.0, "59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"),
    ("large_minimalistic", 1.0, "675e7b876c45c57e9e63e6d90a36599c", "ec5221f64a2f6d1ef965a614bdae7973"),
    ("small", 0.75, "cb65d4e5be93758266aa0a7f2c6708b7", "ebdb5cc8e0b497cd13a7c275d475c819"),
    ("small", 1.0, "8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"),
    ("small_minimalistic", 1.0, "99cd97fb2fcdad2bf028eb838de69e37", "cde8136e733e811080d9fcd8a252f7e4"),
)  # fmt: skip


def _keras_files() -> Iterator[tuple[str, str, float, int, str, str, str | None]]:
    """(name, model, width, resolution, folder, file, MD5) of every file, with the top and without."""
    for width, text in ((0.25, "2_5"), (0.5, "5_0"), (0.75, "7_5"), (1.0, "1_0")):
        for size in (128, 160, 192, 224):
            name, file = f"mobilenet_{width}_{size}", f"mobilenet_{text}_{size}_tf"
            for end in ("", "_no_top"):
                yield name + end, "v1", width, size, "mobilenet", file + end, None
    for width in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4):
        for size in (96, 128, 160, 192, 224) if width <= 1 else (224,):
            name = f"mobilenet_v2_{width}_{size}"
            file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{width}_{size}"
            for end in ("", "_no_top"):
                yield name + end, "v2", width, size, "mobilenet_v2", file + end, None
    for kind, width, *digests in _KERAS_V3:
        name, model = f"mobilenet_v3_{kind}_{width}_224", f"v3-{kind.replace('_', '-')}"
        file = f"weights_mobilenet_v3_{kind}_224_{width}_float"
        for end, suffix, md5 in zip(("", "_no_top"), ("", "_no_top_v2"), digests, strict=True):
            yield name + end, model, width, 224, "mobilenet_v3", file + suffix, md5


def _keras() -> Iterator[Source]:
    base = "https://storage.googleapis.com/tensorflow/keras-applications"
    for name, model, width, resolution, folder, file, md5 in _keras_files():
        yield Source(
            name=f"keras/{name}",
            family="keras",
            model=model,
            width=width,
            resolution=resolution,
            classes=0 if name.endswith("_no_top") else 1000,
            dialect="keras",
            url=f"{base}/{folder}/{file}.h5",
            recipe=recipes.KERAS,
            licence="Apache-2.0",
            checksum=f"md5:{md5}" if md5 else None,
        )


SOURCES = {source.name: source for source in (*_torchvision(), *_timm(), *_keras())}
