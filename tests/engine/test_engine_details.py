"""The engine at its edges: wrong input, unusual networks, many callers, memory that is shared."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npmobilenet as nm
from npmobilenet.engine import emit_inference, fuse, pack
from npmobilenet.engine.allocate import Buffer, allocate
from npmobilenet.engine.layout import Layout
from npmobilenet.models import layers
from tests.commands import ROOT
from tests.engine.test_engine import TOLERANCE, check, distance, images, trained_looking

SMALL = nm.plan("v2", width=0.35, resolution=32, classes=5)


@pytest.mark.parametrize("activation", ["swish", "sigmoid", "hard_sigmoid", "hard_swish", "relu"])
@pytest.mark.parametrize("model", ["v1", "v3-small"])
def test_activations_that_no_tile_has(model: str, activation: str) -> None:
    dialect = replace(nm.PAPER, activation=activation, squeeze_activation="block")
    check(nm.plan(model, dialect=dialect, width=0.25, resolution=32, classes=7), 1)


@pytest.mark.parametrize("resolution", [32, 45])
def test_expansions_that_are_made_band_by_band(
    resolution: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of large maps are: what a band sees of one, with zeros around it, and nothing else."""
    monkeypatch.setattr(fuse, "LARGE", 0)
    monkeypatch.setattr(emit_inference, "EXPANDED_BAND", 4096)
    check(nm.plan("v2", width=0.35, resolution=resolution, classes=5), 2)


def test_without_batch_normalisation() -> None:
    dialect = replace(nm.PAPER, batch_norm=False, conv_bias=True)
    check(nm.plan("v2", dialect=dialect, width=0.35, resolution=33, classes=7), 2)


def by_hand(*middle: layers.Layer) -> nm.Plan:
    """A stem of 8 filters, 11 x 11 afterwards, some layers, and a top that reads the last of them."""
    stem = layers.Conv(name="stem", inputs=("image",), input=(21, 21, 3), filters=8, stride=(2, 2))
    last = (stem, *middle)[-1]
    pool = layers.GlobalAveragePool(name="pool", inputs=(last.name,), input=last.output)
    dense = layers.Dense(name="top", inputs=("pool",), input=pool.output, units=5)
    return replace(SMALL, resolution=(21, 21), layers=(stem, *middle, pool, dense))


def follows(kind: type[layers.Layer], name: str, *inputs: str, **fields: Any) -> Any:
    return kind(name=name, inputs=inputs, input=(11, 11, 8), **fields)


NORM = follows(layers.BatchNorm, "norm", "stem", eps=1e-3, momentum=0.1)


def test_normalisation_that_nothing_precedes_is_a_window_of_one_tap() -> None:
    """It stays where another layer reads its input: here the residual does."""
    project = follows(layers.Pointwise, "project", "norm", filters=8)
    check(by_hand(NORM, project, follows(layers.Add, "add", "stem", "project")), 2)


@pytest.mark.parametrize(
    "kinds", [{"kernel": (3, 5)}, {"kernel": (4, 4)}, {"kernel": (3, 3), "stride": (1, 2)}]
)
def test_windows_that_no_microkernel_has(kinds: dict[str, Any]) -> None:
    """Depthwise and standard, one after the other: a depthwise result with zeros around it."""
    window = follows(layers.Depthwise, "window", "stem", **kinds)
    again = layers.Conv(name="again", inputs=("window",), input=window.output, filters=3, **kinds)
    check(by_hand(window, again), 1)


REFUSED = {
    "stem_again wants other zeros": [
        follows(layers.Depthwise, "window", "stem"),
        follows(layers.Conv, "stem_again", "stem", filters=8, kernel=(1, 1)),
    ],
    "add .add. does not follow a pointwise": [
        follows(layers.Depthwise, "window", "stem"),
        follows(layers.Add, "add", "window", "stem"),
    ],
    "relu .activation. does not follow a convolution": [
        follows(layers.Pointwise, "project", "stem", filters=8),
        follows(layers.Add, "add", "project", "stem"),
        follows(layers.Activation, "relu", "add", function="relu"),
    ],
    "relu .activation. follows nothing": [
        NORM,
        follows(layers.Activation, "relu", "norm", function="relu"),
        follows(layers.Pointwise, "project", "relu", filters=8),
        follows(layers.Add, "add", "project", "norm"),
    ],
    "scale .scale. has gates that are not": [
        follows(layers.GlobalAveragePool, "mean", "stem"),
        layers.Dense(name="gate", inputs=("mean",), input=(8,), units=8),
        follows(layers.Scale, "scale", "stem", "gate"),
        follows(layers.Pointwise, "project", "scale", filters=8),
    ],
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_network_that_it_does_not_know_is_refused_before_any_work(why: str) -> None:
    plan = by_hand(*REFUSED[why])
    with pytest.raises(NotImplementedError, match=f"^compile: {why}"):
        nm.compile(plan, {})


@pytest.mark.parametrize("batch", [1, 3, 17])
@pytest.mark.parametrize("model", ["v1", "v2", "v3-large"])
def test_batches(model: str, batch: int) -> None:
    check(nm.plan(model, width=0.25, resolution=(32, 47), classes=9), batch)


def test_fewer_images_than_the_batch_and_memory_used_again() -> None:
    params, x = trained_looking(SMALL), images(SMALL, 4)
    engine = nm.compile(SMALL, params, 4, 2)
    whole = engine(x)
    for n in (1, 3, 4, 2):
        np.testing.assert_array_equal(engine(x[:n]), whole[:n])
    np.testing.assert_array_equal(engine(x[::2]), whole[::2])  # not contiguous


def test_more_threads_than_cores() -> None:
    params, x = trained_looking(SMALL), images(SMALL, 2)
    np.testing.assert_array_equal(
        nm.compile(SMALL, params, 2, 5)(x), nm.compile(SMALL, params, 2, 1)(x)
    )


def test_several_callers_at_once() -> None:
    """Two engines, eight Python threads: everybody gets the answer to their own question."""
    params = trained_looking(SMALL)
    engines = [nm.compile(SMALL, params, 1, threads) for threads in (1, 2)]
    x = images(SMALL, 8)
    expected = [engines[0](x[n : n + 1]) for n in range(8)]

    def ask(n: int) -> None:
        for turn in range(20):
            found = engines[(n + turn) % 2](x[n : n + 1])
            np.testing.assert_array_equal(found, expected[n])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))


def test_parameters_may_change_afterwards() -> None:
    params, x = trained_looking(SMALL), images(SMALL, 1)
    engine = nm.compile(SMALL, params)
    before = engine(x)
    for value in params.values():
        value[:] = 0
    np.testing.assert_array_equal(engine(x), before)


def test_not_a_number_is_not_hidden() -> None:
    x = images(SMALL, 2)
    x[1, 16, 16, 0] = np.nan
    y = nm.compile(SMALL, trained_looking(SMALL), 2)(x)
    assert np.isfinite(y[0]).all()
    assert np.isnan(y[1]).all()


def test_double_parameters_are_rounded() -> None:
    params = trained_looking(SMALL)
    double = {name: value.astype(np.float64) for name, value in params.items()}
    x = images(SMALL, 1)
    assert distance(nm.compile(SMALL, double)(x), nm.compile(SMALL, params)(x)) < TOLERANCE


def test_wrong_input_is_told() -> None:
    params = nm.init(SMALL, 0)
    engine = nm.compile(SMALL, params, 2)
    with pytest.raises(ValueError, match=r"float32 \(N, 32, 32, 3\), found float64 \(1, 32, 32, 3"):
        engine(np.zeros((1, 32, 32, 3)))
    with pytest.raises(ValueError, match=r"found float32 \(1, 3, 32, 32\)"):
        engine(np.zeros((1, 3, 32, 32), np.float32))
    with pytest.raises(ValueError, match="3 images, but it was compiled for at most 2"):
        engine(np.zeros((3, 32, 32, 3), np.float32))
    with pytest.raises(ValueError, match="batch must be a positive integer, found 0"):
        nm.compile(SMALL, params, 0)
    with pytest.raises(ValueError, match=r"threads must be a positive integer, found 1\.5"):
        nm.compile(SMALL, params, 1, 1.5)  # type: ignore[arg-type]
    del params["stem.weight"]
    with pytest.raises(ValueError, match=r"stem\.weight"):
        nm.compile(SMALL, params)


@st.composite
def buffers(draw: st.DrawFn) -> list[Buffer]:
    made = []
    for _ in range(draw(st.integers(1, 12))):
        first = draw(st.integers(0, 8))
        size = draw(st.sampled_from([3, 4, 8]))
        sides = draw(st.sampled_from([(0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 1)]))
        layout = Layout(draw(st.integers(1, 5)), size, size, sides)
        made.append(Buffer(layout, uses=[first, first + draw(st.integers(0, 4))]))
    return made


@given(buffers())
def test_values_alive_at_once_never_share_memory(made: list[Buffer]) -> None:
    """Nor does a map among zeros ever share any with one whose zeros lie elsewhere."""
    offsets, total = allocate(made)
    for one in made:
        start, end = offsets[one], offsets[one] + one.layout.size
        assert start >= 0
        assert end <= total
        assert start % 64 == 0
        for other in made:
            apart = end <= offsets[other] or offsets[other] + other.layout.size <= start
            alive = one.uses[0] <= other.uses[1] and other.uses[0] <= one.uses[1]
            same = (one.layout.sides, one.layout.rows) == (other.layout.sides, other.layout.rows)
            if one is not other and (alive or (any(one.layout.sides) and not same)):
                assert apart
            if not apart and any(one.layout.sides):  # whole blocks on whole blocks
                assert (start - offsets[other]) % one.layout.plane == 0


def test_every_kind_has_its_function() -> None:
    """No layer is refused for want of a line; whatever is fused is emitted."""
    from npmobilenet.engine.emit_inference import EMIT
    from npmobilenet.engine.fuse import HANDLED
    from npmobilenet.engine.fused_op import ALONE, FUSED, Kind
    from npmobilenet.engine.grouping import REWRITTEN
    from npmobilenet.engine.handled import COMPILED, COMPILED_ACTIVATIONS

    assert {*HANDLED, *REWRITTEN, layers.Activation} == set(COMPILED)
    assert set(FUSED) | set(ALONE) == set(COMPILED_ACTIVATIONS)
    assert set(EMIT) == set(Kind)


def test_what_lies_behind_the_image_begins_on_a_cache_line() -> None:
    """Its pixels are 12 bytes: a vector across two lines would be loaded twice."""
    image = Buffer(Layout(1, 5, 5, (0, 1, 0, 1), 12), uses=[0, 1])
    after = Buffer(Layout(1, 5, 5), uses=[1, 2])
    assert allocate([image, after])[0] == {image: 0, after: 448}


@given(st.integers(1, 90))
def test_panels_cover_all_vectors(vectors: int) -> None:
    main, split, rest = pack.cut(vectors, (4, 3, 2, 1))
    assert split % main == 0
    assert split + rest == vectors
    assert rest in (0, 1, 2, 3, 4)
    assert rest != main


HIGH_WATER = """
import gc, sys, numpy as np, npmobilenet as nm
def status(what):
    return 1024 * next(int(l.split()[1]) for l in open("/proc/self/status") if what in l)
def made(plan):
    return nm.compile(plan, nm.init(plan, 0), 1, 2)
small = nm.plan("v2", width=0.35, resolution=64)
made(small)(np.zeros((1, 64, 64, 3), np.float32))  # everything that comes with a first run
engine = made(nm.plan(sys.argv[1], resolution=1024, classes=10))
x = np.ones((1, 1024, 1024, 3), np.float32)
gc.collect()
before = status("VmRSS")
open("/proc/self/clear_refs", "w").write("5")  # the high-water mark begins anew
engine(x)
print(status("VmHWM") - before, engine.nbytes["maps"] + engine.nbytes["bands"])
"""


@pytest.mark.parametrize("model", ["v1", "v2", pytest.param("v3-large", marks=pytest.mark.long)])
def test_the_process_grows_by_what_the_engine_says(model: str) -> None:
    """The high-water mark of a process within 2 %; images are large, for pages may be 2 MiB."""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("the system does not tell a process its memory")
    command = [sys.executable, "-c", HIGH_WATER, model]
    # what was freed goes back to the system at once, and is not counted as if it were still held
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    grown, said = map(int, done.stdout.split())
    assert abs(grown - said) <= 0.02 * grown, grown / said


NARROW = {
    "8 lanes": {"NPMOBILENET_LANES": "8"},
    "4 lanes": {"NPMOBILENET_LANES": "4"},
    "haswell": {"NUMBA_CPU_NAME": "haswell"},
    "AVX2": {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx2,+avx,+fma,+bmi,+bmi2,+sse4.2,+sse4.1,+ssse3,+sse3,+sse2,+sse"
        ",+popcnt,+64bit,+cmov,+cx8,+fxsr,+mmx",
    },
}


@pytest.mark.long
@pytest.mark.parametrize("machine", NARROW)
def test_on_machines_with_narrower_vectors(machine: str) -> None:
    """The tests of the engine again, in a process that takes this machine for another."""
    names = [f"tests/engine/{name}.py" for name in ("test_engine", "test_engine_details")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *names]
    done = subprocess.run(
        command, env=os.environ | NARROW[machine], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout[-3000:]
