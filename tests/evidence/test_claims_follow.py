"""Claims in other worlds: where a count is wrong, evidence and verdicts are others too."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from npmobilenet import ops
from npmobilenet.evidence.claims import SOURCES, Claim, paper_v2, paper_v3, tutorial_c_v2
from npmobilenet.models import dialects, layers, rows
from npmobilenet.models.registry import MODELS
from npmobilenet.weights import published

CLAIMS = {claim.name: claim for source in SOURCES.values() for claim in source.claims}
Patch = pytest.MonkeyPatch
World = Callable[[Patch], None]


def half_the_macs(patch: Patch) -> None:
    """Every layer counts half of its products."""
    for kind in (layers._Windowed, layers.Pointwise, layers.Dense):
        count = kind.__dict__["macs"].fget
        patch.setattr(kind, "macs", property(lambda layer, count=count: count(layer) // 2))


def depthwise_twice(patch: Patch) -> None:
    """Depthwise layers count twice."""
    count = layers._Windowed.__dict__["macs"].fget
    patch.setattr(layers.Depthwise, "macs", property(lambda layer: 2 * count(layer)))


def longer_bias(patch: Patch) -> None:
    """Every dense layer has a bias of 100,000 numbers more."""
    patch.setattr(
        layers.Dense,
        "arrays",
        property(lambda x: {"weight": (x.input[-1], x.units), "bias": (x.units + 100_000,)}),
    )


def one_filter_more(patch: Patch) -> None:
    """Every layer has weights for one output channel more."""
    add = layers._with_bias
    patch.setattr(layers, "_with_bias", lambda bias, w: add(bias, (*w[:-1], w[-1] + 1)))


def _patch_rows(patch: Patch, model: str, changed: Any) -> None:
    """A model with other rows in its table."""
    entry = MODELS[model]
    patch.setitem(MODELS, model, replace(entry, table=replace(entry.table, rows=changed)))


def more_rows(patch: Patch) -> None:
    """Two blocks more in V2; V1 of three strided blocks; V3 with a hard-swish more and wider."""
    more = tuple(replace(row, n=row.n + 2) if row.c == 64 else row for row in rows.V2)
    _patch_rows(patch, "v2", more)
    patch.setattr(paper_v2, "V2", more)
    v1 = tuple(replace(row, s=2, out=row.out + 8) for row in rows.V1[:3])
    _patch_rows(patch, "v1", v1)
    for name, table in (("v3-large", rows.V3_LARGE), ("v3-small", rows.V3_SMALL)):
        wider = tuple(replace(row, exp=row.exp + 40, out=row.out + 4) for row in table.rows)
        wider = (replace(wider[0], nl="HS"), *wider[1:-2])
        changed = replace(table, rows=wider, stem=24, last=500, head=1500)
        patch.setitem(MODELS, name, replace(MODELS[name], table=changed))


def fewer_rows(patch: Patch) -> None:
    """V2 ends early and expands less; V3's first block expands, its last convolution is wider."""
    fewer = tuple(replace(row, t=row.t - row.t // 2) for row in rows.V2[:-1])
    _patch_rows(patch, "v2", fewer)
    patch.setattr(tutorial_c_v2, "V2", fewer)
    patch.setattr(paper_v3, "V3_SMALL", replace(rows.V3_SMALL, last=600))


def other_dialects(patch: Patch) -> None:
    """Every named dialect goes without normalisation and strides, and has 7 classes."""
    for name, known in dialects.DIALECTS.items():
        changed = replace(
            known, batch_norm=False, conv_bias=True, block_strides=False, classes=7, head="always",
            activation="swish", bn_eps=0.1, dropout=0.5, squeeze="round", rounding="floor",
        )  # fmt: skip
        patch.setitem(dialects.DIALECTS, name, changed)


def other_operators(patch: Patch) -> None:
    """Activations let everything through; convolutions mix and double."""
    for name in ("relu", "relu6", "hard_swish"):
        patch.setattr(
            ops,
            name,
            lambda x, **_: (x + 0.5, ops.activations.ActivationCache("", x.shape, x.dtype, x)),
        )
    for name in ("conv2d", "depthwise_conv2d", "pointwise_conv2d"):
        operator = getattr(ops, name)
        patch.setattr(ops, name, partial(_off_by_a_square, operator))


def _off_by_a_square(operator: Callable[..., Any], x: Any, w: Any, *rest: Any, **named: Any) -> Any:
    """Every output is off by the square of the first input, which is one multiplication more."""
    first = x.reshape(-1)[:1]
    return operator(x, w, *rest, **named)[0] + (first * first).sum(), None


def other_files(patch: Patch) -> None:
    """Nothing is published by Keras."""
    patch.setattr(published, "SOURCES", {})


WORLDS = (
    other_operators,
    half_the_macs,
    depthwise_twice,
    longer_bias,
    one_filter_more,
    more_rows,
    fewer_rows,
    other_dialects,
    other_files,
)
# compute with their own or Pillow's means, and with nothing that is counted elsewhere
APART = {
    "tutorial-a.mean-loss",
    "tutorial-a.any-png",
    "tutorial-e.columns-are-accuracies",
    "tutorial-e.preprocessing",
}


def judged(claim: Claim) -> str:
    """All that a judge says; a world may be too strange for it."""
    try:
        finding = claim.judge()
        return f"{finding.verdict}: {finding.text}"
    except Exception as error:
        return f"{type(error).__name__}"


def test_no_claim_is_deaf(monkeypatch: Patch) -> None:
    """Each says something else in at least one world: nothing that it says is typed."""
    usual = {name: judged(claim) for name, claim in CLAIMS.items()}
    deaf = set(CLAIMS)
    for world in WORLDS:
        with monkeypatch.context() as patch:
            world(patch)
            deaf -= {name for name in deaf if judged(CLAIMS[name]) != usual[name]}
    assert deaf == APART


@pytest.mark.parametrize(
    ("world", "name", "usual", "changed"),
    [
        (depthwise_twice, "v1.ratio", "right", "wrong"),
        (depthwise_twice, "tutorial-c.one-over-n", "right", "half right"),
        (depthwise_twice, "v1.other-shares", "right", "half right"),
        (half_the_macs, "v1.shallow", "right", "half right"),
        (half_the_macs, "tf.docstring-of-v1", "right", "half right"),
        (half_the_macs, "v3.last-stage", "right", "wrong"),
        (longer_bias, "torchvision.num-params", "right", "wrong"),
        (longer_bias, "tutorial-c.printed-summary", "right", "wrong"),
        (more_rows, "v2.nineteen-bottlenecks", "wrong", "right"),
        (fewer_rows, "tutorial-c.expansion-of-six", "half right", "wrong"),
        (one_filter_more, "tutorial-d.the-two-halves", "right", "half right"),
        (more_rows, "v1.layers", "right", "wrong"),
        (other_dialects, "tutorial-a.optional-normalisation", "wrong", "right"),
        (other_dialects, "tutorial-a.dropout-switch", "wrong", "right"),
        (other_operators, "tutorial-a.pixel-by-pixel", "right", "wrong"),
    ],
)  # fmt: skip
def test_a_wrong_count_turns_the_verdict(
    world: World, name: str, usual: str, changed: str, monkeypatch: Patch
) -> None:
    claim = CLAIMS[name]
    assert claim.judge().verdict == usual
    world(monkeypatch)
    assert claim.judge().verdict == changed
