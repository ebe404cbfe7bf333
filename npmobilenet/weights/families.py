"""The families whose weights are read and written, by the name that --from and --to take."""

from dataclasses import replace
from typing import Any

from ..models.dialects import (
    KERAS,
    PADDLE,
    TIMM,
    TIMM_H,
    TIMM_RW,
    TIMM_TF,
    TORCHVISION,
    TUTORIAL_A,
    TUTORIAL_A_REPAIRED,
    TUTORIAL_C,
    TUTORIAL_D,
)
from ..models.network_plan import Plan
from ..ops.checks import shown
from . import (
    keras_files,
    keras_names,
    layout,
    tflite,
    tflite_arrays,
    tflite_dialects,
    tflite_family,
    torch_files,
    torch_names,
    torch_pairing,
)
from .family import KERAS_SUFFIXES, PADDLE_SUFFIXES, TORCH_SUFFIXES, Family


def _squeezes(network: Plan, layer: str) -> bool:
    """Squeeze-and-excite is made of 1x1 convolutions everywhere."""
    return layer.endswith((".squeeze", ".excite"))


def _squeezes_and_head(network: Plan, layer: str) -> bool:
    return layer == "head" or _squeezes(network, layer)


def _all_but_v2(network: Plan, layer: str) -> bool:
    return network.family.name != "v2"  # V2's top is Keras' only dense layer


def _all(network: Plan, layer: str) -> bool:
    return True


_TORCH: dict[str, Any] = {
    "suffixes": TORCH_SUFFIXES,
    "separator": ".",
    "to_ours": layout.from_torch,
    "to_theirs": layout.to_torch,
    "read": torch_files.read_torch,
    "entries": True,
    "pair": torch_pairing.pair,
    "write": torch_files.write_torch,
}
_KERAS: dict[str, Any] = {
    "suffixes": KERAS_SUFFIXES,
    "separator": "/",
    "to_ours": layout.from_keras,
    "to_theirs": layout.to_keras,
    "read": keras_files.read,
    "write": keras_files.write,
    "scaling": (
        "the file does not say how its pixels were scaled; assumed is Keras' custom, -1..1 (mean 0.5, "
        "std 0.5); if they were divided by 255: `weights import` with --mean 0 --std 1"
    ),
}
FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="keras",
            title="Keras",
            # V3's base with a classifier of one's own has no dense layer before it
            dialects=(KERAS, replace(KERAS, versions=("v3",), v3_head=False)),
            layers=keras_names.keras_layers,
            as_conv=_all_but_v2,
            pair=keras_names.pair,
            **_KERAS,
        ),
        Family(
            name="torchvision",
            title="torchvision",
            # net.classifier = Linear(576, N) leaves V3 without its head, too
            dialects=(
                TORCHVISION,
                replace(TORCHVISION, reduced_tail=True),
                replace(TORCHVISION, versions=("v3",), v3_head=False),
                replace(TORCHVISION, versions=("v3",), v3_head=False, reduced_tail=True),
            ),
            layers=torch_names.torchvision_layers,
            as_conv=_squeezes,
            **_TORCH,
        ),
        Family(
            name="timm",
            title="timm",
            dialects=(TIMM, TIMM_H, TIMM_RW, TIMM_TF),
            layers=torch_names.timm_layers,
            as_conv=_squeezes_and_head,
            undecided="padding and eps of timm's tf_ models: give --dialect timm-tf for those",
            **_TORCH,
        ),
        Family(
            name="paddle",
            title="PaddleClas",
            dialects=(PADDLE,),
            layers=torch_names.paddle_layers,
            suffixes=PADDLE_SUFFIXES,
            separator=".",
            as_conv=_squeezes_and_head,
            to_ours=layout.from_paddle,
            to_theirs=layout.to_paddle,
            read=torch_files.read_npz,
            write=torch_files.write_npz,
        ),
        Family(
            name="tutorial-a",
            title="the flowers tutorial's MobileNetV1",
            dialects=(TUTORIAL_A, TUTORIAL_A_REPAIRED),
            layers=torch_names.tutorial_a_layers,
            as_conv=_squeezes,
            **_TORCH,
        ),
        Family(
            name="tutorial-c",
            title="the TensorFlow 2 tutorial's MobileNetV2",
            dialects=(TUTORIAL_C,),
            layers=keras_names.tutorial_c_layers,
            as_conv=_all_but_v2,
            pair=keras_names.pair,
            **_KERAS,
        ),
        Family(
            name="tutorial-d",
            title="the CIFAR tutorial's MobileNet",
            dialects=(TUTORIAL_D,),
            layers=torch_names.tutorial_d_layers,
            as_conv=_squeezes,
            **_TORCH,
        ),
        Family(
            name="tflite",
            title="TensorFlow Lite",
            dialects=tflite_dialects.OF_FILES,
            layers=tflite_family.layers,
            suffixes={"weight": "weight", "bias": "bias"},
            separator=".",
            as_conv=_all,
            to_ours=tflite_arrays.to_ours,
            to_theirs=tflite_arrays.to_theirs,
            read=tflite_family.read,
            write=None,
            whole=tflite.export_tflite,
            pair=tflite_family.pair,
            scaling=(
                "the file does not say how its pixels are scaled; assumed is the dialect's custom; if it "
                "is another: `weights import` with --mean and --std"
            ),
        ),
    )
}


def family_named(name: str) -> Family:
    """The family of that name; ValueError for an unknown one."""
    if not isinstance(name, str) or name not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, found {shown(name)}")
    return FAMILIES[name]
