"""The counters themselves, run on a PyTorch model: each gives (operations, parameters) for one image.

Whoever is not installed is skipped.  Each function is given a model of its own, since most of these
tools leave hooks or attributes behind.
"""

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.foreign import foreign


def fvcore(model: Any, image: Any) -> tuple[int, int]:
    nn = foreign("fvcore.nn")
    analysis = nn.FlopCountAnalysis(model, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return int(analysis.total()), nn.parameter_count(model)[""]


def thop(model: Any, image: Any) -> tuple[int, int]:
    ops, params = foreign("thop").profile(model, inputs=(image,), verbose=False)
    return int(ops), int(params)


def ptflops(model: Any, image: Any, backend: str = "pytorch") -> tuple[int, int]:
    foreign("torchvision")  # which it imports
    found = foreign("ptflops").get_model_complexity_info(
        model, tuple(image.shape[1:]), as_strings=False, print_per_layer_stat=False, backend=backend
    )
    return int(found[0]), int(found[1])


def ptflops_aten(model: Any, image: Any) -> tuple[int, int]:
    return ptflops(model, image, "aten")


def torchinfo(model: Any, image: Any) -> tuple[int, int]:
    found = foreign("torchinfo").summary(model, input_data=image, verbose=0)
    return found.total_mult_adds, found.total_params


def torch_flops(model: Any, image: Any) -> tuple[int, int]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(image)
    return counter.get_total_flops(), sum(p.numel() for p in model.parameters())


class _Stub(ModuleType):
    """A package that calflops imports for language models, and does not need here."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: False


def calflops(model: Any, image: Any) -> tuple[int, int]:
    names = [name for name in ("transformers", "accelerate") if name not in sys.modules]
    with pytest.MonkeyPatch.context() as patch:
        for name in (*names, *(f"{name}.utils" for name in names)):
            patch.setitem(sys.modules, name, _Stub(name))
        tool = foreign("calflops")
        ops, _, params = tool.calculate_flops(
            model, input_shape=tuple(image.shape), output_as_string=False,
            print_results=False, print_detailed=False,
        )  # fmt: skip
    return ops, params


COUNTERS = {
    "fvcore": fvcore,
    "thop": thop,
    "ptflops": ptflops,
    "ptflops-aten": ptflops_aten,
    "torchinfo": torchinfo,
    "torch-flops": torch_flops,
    "calflops": calflops,
}
