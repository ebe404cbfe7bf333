"""Tutorial a, its scripts train.py and predict.py."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ...models.layers import BatchNorm, Dropout
from ...models.network_plan import plan
from .claim import Finding
from .counting import listing, of_kind
from .tutorial_a import SOURCE


@SOURCE.claim("train.py: running_loss / step is the epoch's mean loss.")
def mean_loss() -> Finding:
    losses = [1.0] * 10
    running, step = 0.0, 0
    for step, loss in enumerate(losses):  # noqa: B007 - as the tutorial's loop leaves it
        running += loss
    shown = running / step
    return Finding(
        {"batches": len(losses), "shown": shown, "mean": sum(losses) / len(losses)},
        "step counts from 0: with {batches} losses of {mean:g} it prints {shown:.3f}, and with "
        "a single batch it divides by zero.",
        {"the mean": shown == sum(losses) / len(losses)},
    )


@SOURCE.claim("train.py: net.train() and net.eval() switch Dropout on and off.")
def dropout_switch() -> Finding:
    network = plan("v1", dialect="tutorial-a")
    switched = {kind.__name__: len(of_kind(network, kind)) for kind in (Dropout, BatchNorm)}
    return Finding(
        {"dropout": switched["Dropout"], "norms": switched["BatchNorm"],
         "layers": len(network.layers)},
        "Of this network's {layers} layers {dropout} are Dropout and {norms} batch normalisations: "
        "nothing is switched.",
        {"there is Dropout": switched["Dropout"] > 0},
    )  # fmt: skip


@SOURCE.claim(
    "train.py: MobileNetV2's weights without the classifier are a start for this network."
)
def weights_of_v2() -> Finding:
    from ...weights.families import FAMILIES

    ours = plan("v1", dialect="tutorial-a", classes=5)
    theirs = plan("v2", dialect="torchvision")
    names = set(FAMILIES["tutorial-a"].names(ours).values())
    found = set(FAMILIES["torchvision"].names(theirs).values())
    return Finding(
        {"names": len(names), "found": len(found), "shared": len(names & found)},
        "Of this network's {names} arrays and the {found} of torchvision's V2 {shared} have a "
        "name in common: strict=False would load nothing.",
        {"something fits": bool(names & found)},
    )


@SOURCE.claim("predict.py normalises any PNG that Image.open reads.")
def any_png() -> Finding:
    mean = np.array([0.485, 0.456, 0.406])[:, None, None]
    bands, works = {}, {}
    for mode in ("RGB", "RGBA", "L", "P"):
        pixels = np.array(Image.new(mode, (4, 4)), np.float64)
        tensor = pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[None]
        bands[mode] = tensor.shape[0]
        try:
            tensor -= mean
            works[mode] = True
        except ValueError:
            works[mode] = False
    return Finding(
        {"means": len(mean), "bands": listing(f"{mode} {n}" for mode, n in bands.items())},
        "Normalize has {means} means; channels are {bands}. Without convert('RGB') the others "
        "fail.",
        works,
        cases=True,
    )
