"""Every alternative is computed for every operator: it has the shape of what it stands beside."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.vectors import random_params
from npmobilenet.vectors.other_operators import of_rounding, of_whole
from npmobilenet.vectors.other_outputs import of_output
from npmobilenet.vectors.other_sums import of_sums
from npmobilenet.vectors.other_words import of_words
from npmobilenet.vectors.outputs import back_of, computed, finished
from npmobilenet.vectors.steps import case_of
from npmobilenet.vectors.sums import Case, accumulated

NETWORKS = [
    ("int8", "double", "mean"),
    pytest.param("int8", "single", "average_pool", marks=pytest.mark.long),
    pytest.param("uint8", "double", "average_pool", marks=pytest.mark.long),
    ("uint8", "single", "mean"),
]


def cases(dtype: str, rounding: str, pooling: str) -> Iterator[tuple[str, Case, Any]]:
    """(name, case, output) of the first layer of each kind and stride of a MobileNetV3."""
    plan = nm.plan("v3-small", width=0.35, resolution=32, classes=5)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    how: dict[str, Any] = {"dtype": dtype, "rounding": rounding, "pooling": pooling}
    qplan, arrays = nm.quantize(plan, random_params(plan, 0), [x * 0.5], **how)
    values = nm.intermediates(qplan, arrays, x)
    seen = set()
    for step in qplan.steps:
        case = case_of(qplan, arrays, step, [values[name] for name in step.inputs])
        kind = case.operator, case.stride, case.inputs[0].ndim
        if kind not in seen:
            seen.add(kind)
            yield step.name, case, values[step.name]


@pytest.mark.parametrize(("dtype", "rounding", "pooling"), NETWORKS)
def test_alternatives_have_the_shape_of_the_right_result(
    dtype: str, rounding: str, pooling: str
) -> None:
    for name, case, output in cases(dtype, rounding, pooling):
        sums = accumulated(case)
        found = list(of_words(output))
        if sums is None:
            assert np.array_equal(computed(case), output)
            found += of_whole(case)
        else:
            assert np.array_equal(finished(sums, back_of(case)), output)
            found += [*of_output(case, sums), *of_rounding(case)]
            other = list(of_sums(case))
            assert {values.shape for _, values in other} == {sums.shape}, name
            assert all(abs(values).max() < 2**31 for _, values in other)
            found += [(text, finished(values, back_of(case))) for text, values in other]
        assert {values.shape for _, values in found} == {output.shape}, name
        assert all(values.dtype.kind in "iu" for _, values in found), name
        texts = [text for text, _ in found]
        assert len(texts) == len(set(texts)), name
