"""PyTorch's tensors and pickles: which numbers come in, which files say what is in the way."""

import argparse
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights import torch_pickles
from npmobilenet.weights.families import FAMILIES
from tests.weights.checkpoints import RAW, TIMM, State, imported, same

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float64", "mixed"])
def test_numbers_of_other_widths(ending: str, kind: str, tmp_path: Path) -> None:
    """Half precision becomes float32, its numbers exactly; float64 stays where all of it is."""
    kinds = ["bfloat16", "float16", "float64"] if kind == "mixed" else [kind]
    state = {
        name: value.to(getattr(torch, kinds[place % len(kinds)])).contiguous()
        for place, (name, value) in enumerate(RAW.items())
        if not name.endswith("tracked")
    }
    path = tmp_path / f"x.{ending}"
    if ending == "safetensors":
        pytest.importorskip("safetensors.torch").save_file(state, path)
    else:
        torch.save(state, path)
    found = nm.import_weights(path, "torchvision", model="v2", width=0.35).model
    dtype = np.float64 if kind == "float64" else np.float32
    for ours, theirs in FAMILIES["torchvision"].names(found.plan).items():
        value = state[theirs].double().numpy().astype(dtype)
        assert found.params[ours].dtype == dtype
        wanted = FAMILIES["torchvision"].incoming(found.plan, ours, value)
        assert np.array_equal(found.params[ours], wanted), ours


def changed(state: State, change: Callable[[Any], Any]) -> State:
    return {name: change(value) if value.dim() > 1 else value for name, value in state.items()}


STRANGE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "quantised": (
        lambda x: torch.quantize_per_tensor(x, 0.01, 0, torch.qint8),
        "quantised (qint8)",
    ),
    "sparse": (lambda x: x.to_sparse(), "sparse or nested (sparse_coo); save tensor.to_dense()"),
    "meta": (lambda x: x.to("meta"), "on the device meta"),
    "float8": (lambda x: x.to(torch.float8_e5m2), "of type float8_e5m2"),
    "complex": (lambda x: x.to(torch.complex64), "of type complex64"),
    "int8": (
        lambda x: (100 * x).to(torch.int8),
        "must hold finite floating-point numbers, found int8",
    ),
    "bool": (lambda x: x > 0, "must hold finite floating-point numbers, found bool"),
    "one number for all": (lambda x: torch.ones(1).expand(10**6, 10**6), "with less in the file"),
}


@pytest.mark.parametrize("case", STRANGE)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_tensors_that_are_no_plain_numbers_are_named(case: str, tmp_path: Path) -> None:
    change, told = STRANGE[case]
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (its words are compared below)
        imported(changed(RAW, change), "torchvision", tmp_path / "x.pth")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'x.pth'}: features.0.0.weight ")
    assert told in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("zipped", [True, False])
def test_the_older_format_and_any_ending(zipped: bool, tmp_path: Path) -> None:
    for ending in ("", ".ckpt", ".safetensors"):
        path = tmp_path / f"weights{ending}"
        content = {"state_dict": TIMM, "args": argparse.Namespace(lr=1)}
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
        same(nm.import_weights(path, "timm", model="v1", width=0.25), "timm")


CALLS = "builtins.eval builtins.getattr os.system nt.system subprocess.Popen runpy.run_path pickle.loads"


@pytest.mark.parametrize("call", CALLS.split())
def test_a_pickle_that_calls_is_refused_and_nothing_is_called(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its names are looked at first; PyTorch would call none of them either."""
    path, trace = tmp_path / "x.pth", tmp_path / "trace"
    module, _, name = call.rpartition(".")
    argument = f"open({str(trace)!r}, 'w')".encode()
    program = f"\x80\x02}}X\x01\0\0\0ac{module}\n{name}\n".encode("latin-1")
    program += b"X" + struct.pack("<I", len(argument)) + argument + b"\x85Rs."
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", program)
        archive.writestr("x/version", b"3")
    with pytest.raises(
        ValueError, match=rf"^{path}: torch cannot load it as weights alone: .*{name}"
    ):
        nm.import_weights(path, "timm")
    monkeypatch.setattr(torch_pickles, "_harmless", lambda name: True)
    with pytest.raises(ValueError, match=f"^{path}: "):
        nm.import_weights(path, "timm")
    assert not trace.exists()


def test_pickles_of_whole_networks_and_other_protocols_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    for content in (torch.nn.Linear(2, 2), {"model": torch.nn.Linear(2, 2), "epoch": 3}):
        torch.save(content, path)
        with pytest.raises(
            ValueError, match=r"whole object \(torch.*Linear\).*state_dict\(\)"
        ) as caught:
            nm.import_weights(path, "timm")
        assert "weights_only" not in str(caught.value)
    torch.save({"a": torch.ones(3)}, path, pickle_protocol=4)
    with pytest.raises(ValueError, match="saved with pickle_protocol=4, expected the usual 2"):
        nm.import_weights(path, "timm")
    torch.save({"a": {"b": [torch.ones(3)]}}, path)
    with pytest.raises(ValueError, match="holds no state dict of tensors; 'a' is a dict"):
        nm.import_weights(path, "timm")
