"""ONNX files counted: a plan's own export, and graphs beside the PyTorch modules that they are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cost.conventions import CONVENTIONS, totals
from npmobilenet.cost.explain import explain
from npmobilenet.cost.torch_count import ModuleCost

onnx = pytest.importorskip("onnx")
helper = onnx.helper
FLOAT = onnx.TensorProto.FLOAT


def written(
    path: Path, nodes: list[Any], arrays: dict[str, tuple[int, ...]], *inputs: Any, **opsets: int
) -> Path:
    """A model with these nodes; arrays are stored as zeros; inputs are shapes of "x", "y" ..."""
    stored = [
        onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in arrays.items()
    ]
    given = [
        helper.make_tensor_value_info(name, FLOAT, shape)
        for name, shape in zip("xyz", inputs, strict=False)
    ]
    out = [helper.make_tensor_value_info(nodes[-1].output[0], FLOAT, None)]
    graph = helper.make_graph(nodes, "graph", given, out, stored)
    sets = [helper.make_opsetid(k, v) for k, v in (opsets or {"": 20}).items()]
    onnx.save(helper.make_model(graph, opset_imports=sets), path)
    return path


def node(kind: str, inputs: str, output: str = "out", **settings: Any) -> Any:
    return helper.make_node(kind, inputs.split(), output.split(), **settings)


def counted(path: Path, *shapes: Any) -> ModuleCost:
    found = nm.count(path, shapes)
    assert isinstance(found, ModuleCost)
    return found


@pytest.mark.parametrize(
    ("model", "dialect"), [("v1", "timm"), ("v2", "torchvision"), ("v3-large", "torchvision")]
)
@pytest.mark.parametrize("fold", [False, True])
def test_a_plan_s_own_export(model: str, dialect: str, fold: bool, tmp_path: Path) -> None:
    plan = nm.plan(model, dialect=dialect, resolution=(64, 33), width=0.5, classes=7)
    nm.export_onnx(plan, nm.init(plan, 0), tmp_path / "net.onnx", fold=fold)
    found, expected = counted(tmp_path / "net.onnx"), nm.cost(plan)
    assert found.complete
    assert found.macs == expected.macs
    assert found.params.weights == expected.params.weights
    if not fold:
        assert found.params == expected.params
    assert counted(tmp_path / "net.onnx", (3, 3, 64, 33)).macs == 3 * expected.macs


def test_torchvision_s_v3_counts_the_same_in_every_convention(tmp_path: Path) -> None:
    """Its parts are modules of torch.nn, as which the nodes are seen.

    But for calflops, which forgets the bias of dense layers: the gates are written as such here.
    """
    plan = nm.plan("v3-large", dialect="torchvision", resolution=64)
    nm.export_onnx(plan, nm.init(plan, 0), tmp_path / "net.onnx")
    found = counted(tmp_path / "net.onnx")
    for name in CONVENTIONS:
        if name not in ("tf-readme", "calflops"):
            assert totals(found.brought, name) == totals(plan, name), name
    for a in CONVENTIONS:
        walk = explain(found.brought, a, "ptflops")
        assert walk.a.ops + sum(line.difference for line in walk.ops) == walk.b.ops


def test_nodes_as_the_modules_of_torch(tmp_path: Path) -> None:
    """The same sizes in both; every convention, parameters too."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    lstm = node("LSTM", "x w r b", "states", hidden_size=5)
    cases: list[tuple[Any, Any, dict[str, Any], tuple[int, ...]]] = [
        (
            nn.Conv2d(4, 6, 3, groups=2, dilation=2),
            node("Conv", "x w b", group=2, dilations=[2, 2]),
            {"w": (6, 2, 3, 3), "b": (6,)},
            (1, 4, 9, 9),
        ),
        (
            nn.ConvTranspose2d(4, 6, 3, stride=2, bias=False),
            node("ConvTranspose", "x w", strides=[2, 2]),
            {"w": (4, 6, 3, 3)},
            (1, 4, 5, 5),
        ),
        (nn.Linear(4, 3), node("Gemm", "x w b", transB=1), {"w": (3, 4), "b": (3,)}, (2, 4)),
        (nn.Linear(4, 3, bias=False), node("MatMul", "x w"), {"w": (4, 3)}, (2, 5, 4)),
        (nn.BatchNorm2d(4), node("BatchNormalization", "x g b m v"),
         dict.fromkeys("gbmv", (4,)), (1, 4, 5, 5)),
        (nn.LayerNorm(4), node("LayerNormalization", "x g b"), dict.fromkeys("gb", (4,)), (1, 5, 4)),
        (nn.Softmax(-1), node("Softmax", "x"), {}, (2, 5)),
        (nn.LSTM(4, 5), lstm, {"w": (1, 20, 4), "r": (1, 20, 5), "b": (1, 40)}, (3, 2, 4)),
    ]  # fmt: skip
    for module, one, arrays, shape in cases:
        graph = counted(written(tmp_path / "one.onnx", [one], arrays, shape))
        theirs = nm.count(module, torch.zeros(shape))
        assert graph.macs == theirs.macs
        assert graph.params == theirs.params
        for name in CONVENTIONS:
            if (name, one.op_type) != ("calflops", "ConvTranspose"):
                assert totals(graph.brought, name) == totals(theirs.brought, name), (name, module)


def test_products_of_what_was_computed(tmp_path: Path) -> None:
    """Two activations, letters of einsum, attention; stored arrays once, whoever shares them."""
    product = [node("MatMul", "x y")]
    assert (
        counted(written(tmp_path / "a.onnx", product, {}, (2, 3, 4), (2, 4, 5))).macs
        == 2 * 3 * 4 * 5
    )
    letters = [node("Einsum", "x y", equation="bhid,bhjd->bhij")]
    found = counted(written(tmp_path / "b.onnx", letters, {}, (2, 3, 4, 5), (2, 3, 6, 5)))
    assert found.macs == 2 * 3 * 4 * 6 * 5
    shared = [node("MatMul", "x w", "a"), node("Transpose", "w", "t"), node("MatMul", "a t")]
    found = counted(written(tmp_path / "c.onnx", shared, {"w": (4, 6)}, (2, 4)))
    assert (found.macs, found.params.total) == (2 * 2 * 4 * 6, 24)
    added = [node("Add", "x w", "a"), node("Clip", "a l l")]
    found = counted(written(tmp_path / "d.onnx", added, {"w": (4,), "l": ()}, (2, 4)))
    assert (found.macs, found.params.total) == (0, 4)


def test_what_is_not_known_is_listed(tmp_path: Path) -> None:
    nodes = [node("Twice", "x", "a", domain="ours"), node("Relu", "x")]
    found = counted(written(tmp_path / "a.onnx", nodes, {}, (2, 3), **{"": 20, "ours": 1}))
    assert [(x.name, x.calls) for x in found.unknown] == [("Twice", 1)]
    assert not found.complete


def test_one_line_for_what_cannot_be_read(tmp_path: Path) -> None:
    open_ = written(tmp_path / "open.onnx", [node("Relu", "x")], {}, ("N", 3, "H", 4))
    with pytest.raises(
        ValueError, match=r"open\.onnx: input x has the shape N x 3 x H x 4; give its"
    ):
        counted(open_)
    with pytest.raises(ValueError, match=r"input x must have the shape N x 3 x H x 4, found 1 x 2"):
        counted(open_, (1, 2))
    with pytest.raises(ValueError, match=r"has 1 inputs, found 2 shapes$"):
        counted(open_, (1, 3, 2, 4), (1,))
    assert counted(open_, (1, 3, 2, 4)).macs == 0
    wrong = written(tmp_path / "wrong.onnx", [node("MatMul", "x w")], {"w": (5, 2)}, (2, 3))
    with pytest.raises(ValueError, match=r"wrong\.onnx: .*shape"):
        counted(wrong)
    (tmp_path / "no.onnx").write_bytes(b"no such thing\n" * 9)
    with pytest.raises(ValueError, match=r"no\.onnx: cannot be read as ONNX"):
        counted(tmp_path / "no.onnx")
