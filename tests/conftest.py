"""What all tests share: how many examples Hypothesis draws, and where data outside the repository is.

The examples are derandomised: they follow from the test alone, so that a red run can be repeated and a
green one is not luck.  Fresh examples are the business of the long profile:

    HYPOTHESIS_PROFILE=long pytest
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Threads that wait must not spin: a test lasts ten times as long where something else uses the cores.
# Numba's read this when they start, those of the programs that tests run as well.
os.environ.setdefault("GOMP_SPINCOUNT", "0")
# NumPy's would spin too, and the matrices of tests are too small to be shared out: one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# With PyTorch and Keras loaded there are half a million objects to search for garbage: less often.
gc.set_threshold(20_000, 20, 100)

# the first example of an operator may compile its kernels: no deadline, no complaint about slowness
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("default", max_examples=25, derandomize=True, **_COMMON)
settings.register_profile("long", max_examples=500, derandomize=False, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session", autouse=True)
def with_torch() -> bool:
    """Whether PyTorch, the independent witness, is installed.

    It works on one thread: its idle threads would spin on the cores that Numba's wait for.
    """
    if find_spec("torch") is None:
        return False
    import torch

    torch.set_num_threads(1)
    return True


@contextmanager
def _on_one_thread() -> Iterator[None]:
    if find_spec("numba") is None:
        yield
        return
    import numba

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Numba on one thread: the same bits, and no waiting for a core that something else is using."""
    with _on_one_thread():
        yield


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 30 steps that nothing disturbed."""
    from tests.training.runs import run

    folder = tmp_path_factory.mktemp("straight")
    with _on_one_thread():
        run(folder)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of train/ and val/ with two classes of noise."""
    from tests.commands import folders_of_noise

    return folders_of_noise(tmp_path_factory.mktemp("photos"), train=8, val=2)


@pytest.fixture(scope="module")
def keras() -> Iterator[Any]:
    """Keras on PyTorch that computes in float64."""
    from tests.weights.keras_models import keras_in_float64

    with keras_in_float64() as module:
        yield module


@pytest.fixture(scope="module")
def keras_in_float32(keras: Any) -> None:
    """Keras' new models are of float32 in this module; `keras` puts everything back."""
    from tests.weights.keras_models import set_floats

    set_floats(keras, "float32")


@pytest.fixture(scope="module")
def few_objects() -> Iterator[None]:
    """Nothing for `gc.collect` to look at but what the tests make themselves.

    With PyTorch, Keras and Numba loaded it would search half a million objects, in every call of `peak`.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def extra_data() -> Path:
    """The folder of data that is too large for the repository; without it the test is skipped."""
    folder = os.environ.get("NPMOBILENET_EXTRA_DATA")
    if not folder:
        pytest.skip("NPMOBILENET_EXTRA_DATA names no folder of extra data")
    return Path(folder)


@pytest.fixture(scope="session")
def fashion_mnist() -> Path:
    """The folder of the four official files."""
    known = os.environ.get("NPMOBILENET_FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
    if not Path(known).is_dir():
        pytest.skip("Fashion-MNIST is not here; NPMOBILENET_FASHION_MNIST may name its folder")
    return Path(known)


@pytest.fixture(scope="session")
def quick_tour(tmp_path_factory) -> tuple[Path, str]:
    """A folder in which `npmobilenet tour --quick` was run, and what it printed."""
    folder = tmp_path_factory.mktemp("tour")
    command = [sys.executable, "-m", "npmobilenet", "tour", "--quick"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout
