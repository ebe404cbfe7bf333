"""The engines whose training steps are measured, each in a process of its own.

`load` gives a `Trainer`.  They read network.safetensors or layers.json and .npz, here with batch
normalisation left as it is, images.npy and labels.npy.
"""

from typing import Any

from . import Peer

_OURS: dict[str, Any] = {"load": "training_ours:load", "packages": ("numpy", "numba")}
_TORCH: dict[str, Any] = {"packages": ("torch",), "needs": "layers"}
_HUGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1"}  # spares PyTorch most of its page faults

TRAINERS = {
    peer.name: peer
    for peer in (
        Peer(name="ours", title="npmobilenet", **_OURS),
        Peer(name="ours-1", title="npmobilenet, one thread", threads=1, **_OURS),
        Peer(
            name="torch",
            title="PyTorch eager",
            load="training_pytorch:eager",
            setting="channels first, SGD(fused=True)",
            **_TORCH,
        ),
        Peer(
            name="torch-channels-last",
            title="PyTorch channels_last",
            load="training_pytorch:channels_last",
            setting="SGD(fused=True)",
            **_TORCH,
        ),
        Peer(
            name="torch-channels-last-thp",
            title="PyTorch channels_last, THP",
            load="training_pytorch:channels_last",
            setting="SGD(fused=True), THP_MEM_ALLOC_ENABLE=1",
            environment=_HUGE_PAGES,
            **_TORCH,
        ),
        Peer(
            name="torch-compile",
            title="torch.compile",
            load="training_pytorch:compiled",
            setting="inductor, channels_last, SGD(fused=True), THP_MEM_ALLOC_ENABLE=1",
            environment=_HUGE_PAGES,
            **_TORCH,
        ),
        Peer(
            name="jax",
            title="JAX (XLA)",
            load="training_jax:load",
            packages=("jax",),
            needs="layers",
            setting="jit of the whole step, buffers donated, on every processor there is",
        ),
        Peer(
            name="keras",
            title="Keras on PyTorch",
            load="training_keras:load",
            packages=("keras", "torch"),
            needs="layers",
            setting="train_on_batch, channels last",
            environment=_HUGE_PAGES | {"KERAS_BACKEND": "torch"},
        ),
    )
}
# the goal is set against the fastest of these
RIVALS = ("torch", "torch-channels-last", "torch-channels-last-thp", "torch-compile")
