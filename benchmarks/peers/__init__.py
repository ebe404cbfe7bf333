"""The engines that are measured, each in a process of its own; one file an engine.

An engine is a function load(folder, threads) -> call: it reads what it needs of the files that
`benchmarks.cases` writes, brings the images into the layout it likes, and gives a function without
arguments that computes logits (N, classes).  Engines that train are in `benchmarks.peers.trainers`.  A
module imports its engine at its top: that is how the memory of importing is told from the memory of
working.
"""

from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One engine at one setting."""

    name: str  # on the command line
    title: str
    load: str  # module of this package : function
    packages: tuple[str, ...]  # as pip calls them
    needs: str = ""  # the format of its files, of those that cases.write knows
    setting: str = ""  # what makes it fast
    environment: dict[str, str] = field(default_factory=dict)
    largest: int | None = None  # batch; what takes seconds a call is not asked for more
    threads: int | None = None  # its own number, whatever the others are given

    def missing(self) -> str | None:
        """Why it cannot be measured here, if so."""
        for package in self.packages:
            try:
                version(package)
            except PackageNotFoundError:
                return f"the package {package} is not installed"
        return None

    @property
    def versions(self) -> dict[str, str]:
        """Of its packages."""
        return {package: version(package) for package in self.packages}


# PyTorch asks for huge pages, which spares it most of its page faults
_TORCH = {"packages": ("torch",), "needs": "layers", "environment": {"THP_MEM_ALLOC_ENABLE": "1"}}

PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            name="ours",
            title="npmobilenet",
            load="ours:load",
            packages=("numpy", "numba"),
        ),
        Peer(
            name="numpy",
            title="npmobilenet, rung numpy",
            load="plain_numpy:load",
            packages=("numpy",),
            setting="whole arrays, a loop over filter taps alone",
            largest=1,
        ),
        Peer(
            name="onnxruntime",
            title="ONNX Runtime",
            load="onnx_runtime:load",
            packages=("onnxruntime", "onnx"),
            needs="onnx",
            setting="all graph optimisations, sequential, spinning allowed, batch fixed",
        ),
        Peer(
            name="openvino",
            title="OpenVINO",
            load="open_vino:load",
            packages=("openvino", "onnx"),
            needs="onnx",
            setting="latency hint, one stream, inference_precision f32, batch fixed",
        ),
        Peer(
            name="litert",
            title="LiteRT (XNNPACK)",
            load="lite_rt:load",
            packages=("ai-edge-litert", "flatbuffers", "tflite"),
            needs="tflite",
            setting="XNNPACK delegate, activations fused, batch fixed",
        ),
        Peer(name="torch", title="PyTorch eager", load="pytorch:eager", **_TORCH),
        Peer(
            name="torch-channels-last",
            title="PyTorch channels_last",
            load="pytorch:channels_last",
            **_TORCH,
        ),
        Peer(
            name="torch-compile",
            title="torch.compile",
            load="pytorch:compiled",
            setting="freezing, channels_last",
            **_TORCH,
        ),
        Peer(
            name="jax",
            title="JAX (XLA)",
            load="jax_xla:load",
            packages=("jax",),
            needs="layers",
            setting="jit, on every processor there is",
        ),
    )
}
ENGINES = ("onnxruntime", "openvino", "litert")  # written for inference: the ones to be measured by
