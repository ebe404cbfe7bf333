"""The families' dialects, and the tutorials': what each switch is set to, and who sets it so."""

from dataclasses import replace

from ..ops.checks import shown
from .dialect import VERSIONS, Dialect, by_version

# ReLU from V1's figure 3; padding, eps and widths from the authors' own TensorFlow code, which
# reproduces V3's Table 9; the momentum is this project's choice: the authors' 0.0003 is meant for
# weeks of training.
PAPER = Dialect(
    name="paper",
    head=by_version(v1="never", v2="grow", v3="never"),
    dropout=by_version(v1=0.0, v2=0.0, v3=0.2),
)

TF_SLIM = replace(
    PAPER,
    name="tf-slim",
    versions=VERSIONS[:3],
    activation=by_version(v1="relu6", v2="relu6", v3="relu"),
    rounding=by_version(v1="floor-min", v2="divisible", v3="divisible"),
    bn_momentum=by_version(v1=0.0003, v2=0.003, v3=0.003),
    dropout=by_version(v1=0.001, v2=0.2, v3=0.2),
    classes=1001,  # class 0 is "background"
)

KERAS = Dialect(
    name="keras",
    versions=VERSIONS[:3],
    strided_padding=by_version(v1=(0, 1, 0, 1)),  # also for odd sizes, where SAME has (1, 1)
    bn_momentum=by_version(v1=0.01, v2=0.001, v3=0.001),
    activation=by_version(v1="relu6", v2="relu6", v3="relu"),
    block_rounding=by_version(v2="floor-divisible"),
    stem=by_version(v1="scaled", v2="scaled", v3="fixed"),
    last=by_version(v1="table", v2="table", v3="block"),
    dropout=by_version(v1=0.001, v2=0.0, v3=0.2),
)

TORCHVISION = Dialect(
    name="torchvision",
    versions=("v2", "v3"),
    padding="symmetric",
    bn_eps=by_version(v1=1e-5, v2=1e-5, v3=1e-3),
    bn_momentum=by_version(v1=0.1, v2=0.1, v3=0.01),
    expansion="table",
    last="block",
    head=by_version(v1="never", v2="grow", v3="always"),
    dropout=0.2,
)

TIMM = Dialect(
    name="timm",
    padding="symmetric",
    bn_eps=1e-5,
    activation=by_version(v1="relu6", v2="relu6", v3="relu"),
    rounding="divisible",
    stem=by_version(v1="scaled", v2="scaled", v3="fixed-below-0.75"),
    head=by_version(v1="never", v2="grow", v3="never"),
)
# timm's models whose names begin with tf_: weights converted from TensorFlow, its padding kept
TIMM_TF = replace(TIMM, name="timm-tf", versions=("v3",), padding="same", bn_eps=1e-3)
TIMM_RW = replace(
    TIMM,
    name="timm-rw",  # mobilenetv3_rw
    versions=("v3",),
    bn_eps=1e-3,
    squeeze="round",
    squeeze_activation="block",
    head_bias=False,
    first_residual=False,
)
TIMM_H = replace(TIMM, name="timm-h", versions=("v1",), v1_head=1024)  # mobilenetv1_100h

PADDLE = Dialect(
    name="paddle",
    versions=VERSIONS[:3],
    padding="symmetric",
    bn_eps=1e-5,
    gate_slope=0.2,
    rounding=by_version(v1="floor", v2="floor", v3="divisible"),
    expansion="table",
    expand_when_equal=True,
    squeeze="floor",
    head=by_version(v1="never", v2="grow", v3="never"),
    v3_small_head=1280,
    head_bias=False,
    dropout=by_version(v1=0.0, v2=0.0, v3=0.2),
    dropout_mode=by_version(v1="inverted", v2="inverted", v3="downscale_in_infer"),
)

# The widespread adaptation of V1 to images of about 32 x 32: the stem keeps the full resolution.
CIFAR = replace(
    PAPER,
    name="cifar",
    padding="symmetric",
    bn_eps=1e-5,
    stem_stride=1,
    classes=10,
    resolution=32,
)

# Five much-read tutorials, as their code is printed (docs/tutorials.md)
TUTORIAL_A = Dialect(
    name="tutorial-a",  # V1 in PyTorch for photographs of flowers
    versions=("v1",),
    padding="symmetric",
    block_strides=False,  # its blocks take no stride: 70 times the paper's cost
    batch_norm=False,
    conv_bias=True,
    depthwise_activation=False,
)
TUTORIAL_A_REPAIRED = Dialect(
    name="tutorial-a-repaired", versions=("v1",), padding="symmetric", bn_eps=1e-5
)
TUTORIAL_B = replace(PADDLE, name="tutorial-b", versions=("v3",))  # V3 with PaddleClas
TUTORIAL_C = Dialect(
    name="tutorial-c",  # V2 in TensorFlow 2
    versions=("v2",),
    bn_eps=1e-5,
    head="always",  # 960 at alpha 0.75, where the paper keeps 1280
    dropout=0.2,
)
TUTORIAL_D = replace(CIFAR, name="tutorial-d", versions=("v1",))  # V1 in PyTorch for CIFAR-10
TUTORIAL_E = replace(KERAS, name="tutorial-e", versions=("v2",))  # V2 in Keras

DIALECTS = {
    dialect.name: dialect
    for dialect in (
        PAPER,
        TORCHVISION,
        TIMM,
        TIMM_TF,
        TIMM_RW,
        TIMM_H,
        KERAS,
        TF_SLIM,
        PADDLE,
        CIFAR,
        TUTORIAL_A,
        TUTORIAL_A_REPAIRED,
        TUTORIAL_B,
        TUTORIAL_C,
        TUTORIAL_D,
        TUTORIAL_E,
    )
}


def dialect_named(name: str | Dialect) -> Dialect:
    """The dialect of that name; a Dialect is returned as it is.  ValueError for an unknown name."""
    if isinstance(name, Dialect):
        return name
    if not isinstance(name, str) or name not in DIALECTS:
        raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, found {shown(name)}")
    return DIALECTS[name]


def dialect_at(name: str | Dialect, version: str) -> Dialect:
    """The dialect of that name, settled for a version; ValueError where the family has none."""
    dialect = dialect_named(name)
    if version not in dialect.versions:
        having = ", ".join(k for k, d in DIALECTS.items() if version in d.versions)
        raise ValueError(
            f"dialect {dialect.name} has no {version}, only {', '.join(dialect.versions)}; "
            f"{version} is in {having}"
        )
    return dialect.at(version)
