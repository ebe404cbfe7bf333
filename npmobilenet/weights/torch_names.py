"""How torchvision, timm and two tutorials name the layers of a plan.  Ours -> theirs, in their order."""

from collections.abc import Iterator

from ..models.layers import Conv, Layer
from ..models.network_plan import Plan, plan
from ..models.registry import entry_of
from ..models.rows import Bottleneck


def torchvision_layers(network: Plan) -> dict[str, str]:
    """V2: features.3.conv.0.0; V3: features.4.block.2.fc1; the stem is features.0."""
    if network.model.endswith("minimalistic"):
        raise ValueError(f"torchvision has no {network.model}")
    version2 = network.family.name == "v2"
    inner = "conv" if version2 else "block"
    found = {"stem": "features.0.0", "stem_norm": "features.0.1"}
    blocks = list(_blocks(network))
    for number, parts in blocks:
        names = {part: f"blocks.{number}.{part}" for part in parts}
        step = 0  # place inside the block's sequence
        for part in ("expand", "depthwise", "project"):
            if part not in names:
                continue
            path = f"features.{number}.{inner}.{step}"
            if part == "project" and inner == "conv":  # V2's projection is not nested
                found[names[part]] = path
                found[f"{names[part]}_norm"] = f"features.{number}.{inner}.{step + 1}"
            else:
                found[names[part]], found[f"{names[part]}_norm"] = f"{path}.0", f"{path}.1"
            step += 1
            if part == "depthwise" and "squeeze" in names:
                found[names["squeeze"]] = f"features.{number}.{inner}.{step}.fc1"
                found[names["excite"]] = f"features.{number}.{inner}.{step}.fc2"
                step += 1
    last = f"features.{len(blocks) + 1}"
    found |= {"last": f"{last}.0", "last_norm": f"{last}.1", "head": "classifier.0"}
    alone = not version2 and not network.dialect.v3_head  # a layer of the user's own
    found["classifier"] = "classifier" if alone else "classifier.1" if version2 else "classifier.3"
    return _present(network, found)


def timm_layers(network: Plan) -> dict[str, str]:
    """blocks.S.B.conv_pw with stages S: the runs of rows that have the same output at width 1."""
    edition = network.dialect.name
    if (network.model.endswith("minimalistic") and edition == "timm") or (
        network.model != "v3-large" and edition == "timm-rw"
    ):
        raise ValueError(f"timm has no {network.model} in dialect {edition}")
    if network.family.name == "v4":
        return _timm_v4(network)
    found = {"stem": "conv_stem", "stem_norm": "bn1"}
    wide = plan(network.model, dialect=network.dialect)
    ends = {layer.block: layer.output[-1] for layer in wide.layers}  # channels that a block gives
    stage, place, before = -1, 0, 0
    for number, parts in _blocks(network):
        block = f"blocks.{number}"
        stage, place = (stage, place + 1) if ends[block] == before else (stage + 1, 0)
        before, path = ends[block], f"blocks.{stage}.{place}"
        if "expand" in parts:
            order = {"expand": "conv_pw", "depthwise": "conv_dw", "project": "conv_pwl"}
        else:
            order = {"depthwise": "conv_dw", "pointwise": "conv_pw", "project": "conv_pw"}
        norm = 0
        for part, name in order.items():
            if part not in parts:
                continue
            norm += 1
            found[f"{block}.{part}"] = f"{path}.{name}"
            found[f"{block}.{part}_norm"] = f"{path}.bn{norm}"
            if part == "depthwise":
                found[f"{block}.squeeze"] = f"{path}.se.conv_reduce"
                found[f"{block}.excite"] = f"{path}.se.conv_expand"
    if network.family.name == "v3":  # V3's last convolution is a stage of its own
        found |= {"last": f"blocks.{stage + 1}.0.conv", "last_norm": f"blocks.{stage + 1}.0.bn1"}
    else:
        found |= {"last": "conv_head", "last_norm": "bn2"}
    return _present(network, found | {"head": "conv_head", "classifier": "classifier"})


def _timm_v4(network: Plan) -> dict[str, str]:
    """blocks.S.B.pw_exp.conv; a stage S begins with each block that has a stride."""
    found = {"stem": "conv_stem", "stem_norm": "bn1"}
    stage, place = -1, 0
    for number, parts in _blocks(network):
        block = f"blocks.{number}"
        strided = any(
            getattr(network[f"{block}.{part}"], "stride", (1, 1)) != (1, 1) for part in parts
        )
        stage, place = (stage + 1, 0) if strided else (stage, place + 1)
        path = f"blocks.{stage}.{place}"
        if "conv" in parts:
            found |= {f"{block}.conv": f"{path}.conv", f"{block}.conv_norm": f"{path}.bn1"}
        elif isinstance(network[f"{block}.expand"], Conv):
            found |= {f"{block}.expand": f"{path}.conv_exp", f"{block}.expand_norm": f"{path}.bn1"}
            found |= {
                f"{block}.project": f"{path}.conv_pwl",
                f"{block}.project_norm": f"{path}.bn2",
            }
        else:
            for part, name in UNIVERSAL.items():
                found[f"{block}.{part}"] = f"{path}.{name}.conv"
                found[f"{block}.{part}_norm"] = f"{path}.{name}.bn"
    last = f"blocks.{stage + 1}.0"
    found |= {"last": f"{last}.conv", "last_norm": f"{last}.bn1"}
    found |= {"head": "conv_head", "head_norm": "norm_head", "classifier": "classifier"}
    return _present(network, found)


# parts of V4's universal block, as timm calls them
UNIVERSAL = {"start": "dw_start", "expand": "pw_exp", "depthwise": "dw_mid", "project": "pw_proj"}


def tutorial_a_layers(network: Plan) -> dict[str, str]:
    """conv1, dw_separable_conv1.depthwise_conv, ..., fc; with batch normalisation a _bn beside each."""
    found = {"stem": "conv1", "stem_norm": "conv1_bn"}
    for number, _ in _blocks(network):
        for part in ("depthwise", "pointwise"):
            path = f"dw_separable_conv{number}.{part}_conv"
            found[f"blocks.{number}.{part}"] = path
            found[f"blocks.{number}.{part}_norm"] = f"{path}_bn"
    return _present(network, found | {"classifier": "fc"})


def tutorial_d_layers(network: Plan) -> dict[str, str]:
    """conv1, bn1, layers.0.conv1, layers.0.bn1, layers.0.conv2, ..., linear."""
    found = {"stem": "conv1", "stem_norm": "bn1"}
    for number, _ in _blocks(network):
        for place, part in enumerate(("depthwise", "pointwise"), start=1):
            path = f"layers.{number - 1}"
            found[f"blocks.{number}.{part}"] = f"{path}.conv{place}"
            found[f"blocks.{number}.{part}_norm"] = f"{path}.bn{place}"
    return _present(network, found | {"classifier": "linear"})


def paddle_layers(network: Plan) -> dict[str, str]:
    """PaddleClas' names: three models, three conventions."""
    names = {"v1": _paddle_v1, "v2": _paddle_v2, "v3": _paddle_v3}
    if network.family.name not in names:
        raise ValueError(f"Paddle has no names for the family {network.family.name}")
    return _present(network, names[network.family.name](network))


def _paddle_v1(network: Plan) -> dict[str, str]:
    found = _with_norm("stem", "conv", "conv", "bn")
    for number, _ in _blocks(network):
        for part in ("depthwise", "pointwise"):
            path = f"blocks.{number - 1}.{part}_conv"
            found |= _with_norm(f"blocks.{number}.{part}", path, "conv", "bn")
    return found | {"classifier": "fc"}


def _paddle_v2(network: Plan) -> dict[str, str]:
    found = _with_norm("stem", "conv1", "_conv", "_batch_norm")
    number = 0
    for row, bottleneck in enumerate(entry_of(network.model).table.rows, start=2):
        if not isinstance(bottleneck, Bottleneck):
            raise ValueError(f"Paddle has no names for {network.model}")
        for repeat in range(1, bottleneck.n + 1):
            number += 1
            place = "_first_block" if repeat == 1 else f"conv{row}_{repeat}"
            for part, name in (
                ("expand", "_expand_conv"),
                ("depthwise", "_bottleneck_conv"),
                ("project", "_linear_conv"),
            ):
                path = f"conv{row}.{place}.{name}"
                found |= _with_norm(f"blocks.{number}.{part}", path, "_conv", "_batch_norm")
    return found | _with_norm("last", "conv9", "_conv", "_batch_norm") | {"classifier": "out"}


def _paddle_v3(network: Plan) -> dict[str, str]:
    found = _with_norm("stem", "conv", "conv", "bn")
    for number, _ in _blocks(network):
        block, path = f"blocks.{number}", f"blocks.{number - 1}"
        found |= _with_norm(f"{block}.expand", f"{path}.expand_conv", "conv", "bn")
        found |= _with_norm(f"{block}.depthwise", f"{path}.bottleneck_conv", "conv", "bn")
        found[f"{block}.squeeze"] = f"{path}.mid_se.conv1"
        found[f"{block}.excite"] = f"{path}.mid_se.conv2"
        found |= _with_norm(f"{block}.project", f"{path}.linear_conv", "conv", "bn")
    found |= _with_norm("last", "last_second_conv", "conv", "bn")
    return found | {"head": "last_conv", "classifier": "fc"}


def _with_norm(ours: str, theirs: str, conv: str, norm: str) -> dict[str, str]:
    return {ours: f"{theirs}.{conv}", f"{ours}_norm": f"{theirs}.{norm}"}


def _blocks(network: Plan) -> Iterator[tuple[int, dict[str, Layer]]]:
    """Number and parts ("expand", "depthwise_norm", ...) of every block."""
    found: dict[int, dict[str, Layer]] = {}
    for layer in network.layers:
        if layer.name.startswith("blocks."):
            _, number, part = layer.name.split(".")
            found.setdefault(int(number), {})[part] = layer
    yield from found.items()


def _present(network: Plan, names: dict[str, str]) -> dict[str, str]:
    """Of these names the ones whose layer the plan has, and only if that covers all its arrays."""
    owners = {layer.name for layer in network.layers if layer.arrays}
    if unnamed := owners - set(names):
        raise ValueError(f"{network.model} has layers without a name here: {sorted(unnamed)[:3]}")
    return {ours: theirs for ours, theirs in names.items() if ours in owners}
