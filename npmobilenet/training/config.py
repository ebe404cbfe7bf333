"""A run's configuration: frozen records from TOML files, `-o section.key=value` and flags.

    [data]          which images, what is held out, how they are read
    [model]         which network, from which weights it starts
    [switches]      switches of the model's dialect that are to be set otherwise: dropout = 0.2
    [augment]       how images are varied (augment.py)
    [optimizer]     name = "sgd", "rmsprop", "rmsprop-torch", "adam" or "adamw"; its keys (optimizers.py)
    [schedule]      name = "constant", "cosine", "piecewise" or "exponential" (schedules.py)
    [distillation]  models to learn from, beside the labels (distillation.py)
    [quantize]      how weights and activations are rounded in training (quantized/settings.py)
    [train]         how long, how many at once, and the rest

Every key that nobody gives has a default; every key that does not exist is an error.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..images.augment import Augment
from ..models.dialect import Dialect
from ..ops.checks import shown
from ..predicting.model import ENGINES as ENGINES
from ..settings import nearest, read, settle, to_toml, unknown_key
from .optimizers import OPTIMIZERS, Optimizer, Sgd
from .quantized.settings import Quantize
from .schedules import SCHEDULES, Cosine, Schedule

VALIDATION = ("given", "holdout", "none")
Document = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Data:
    """Which images.

    path        a folder with train/ and val/, with PaddleClas' lists or with idx files, or
                "fashion-mnist-sample"
    validation  "given": the val/, val_list.txt or t10k part; "holdout": a share of the training
                images, so that the given part is left for one last measurement; "none": nothing
                is measured, the last epoch is the result
    holdout     that share of every class
    workers     threads that prepare images; changes no result
    cache_mb    megabytes for decoded images; -1: a quarter of the memory that is free
    skip_bad    whether images of lists that cannot be read are left out and counted, as those of folders
                are; without it they end the run before it begins

    ValueError, naming the setting, for what cannot be.
    """

    path: str = ""
    validation: str = "given"
    holdout: float = 0.1
    workers: int = 2
    cache_mb: int = -1
    skip_bad: bool = False

    def __post_init__(self) -> None:
        settle(self)
        if self.validation not in VALIDATION:
            known = ", ".join(VALIDATION)
            raise ValueError(f"validation must be one of {known}, found {shown(self.validation)}")
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout must be above 0 and below 1, found {self.holdout}")
        if self.workers < 0:
            raise ValueError(f"workers must be at least 0, found {self.workers}")
        if self.cache_mb < -1:
            raise ValueError(f"cache_mb must be at least -1, found {self.cache_mb}")


@dataclass(frozen=True, kw_only=True)
class Network:
    """Which network, and the weights it starts from.

    name        one of npmobilenet.MODELS
    width       the papers' multiplier alpha of every layer's channels
    resolution  [192] or [height, width] in pixels; [] for the dialect's, or the weights'
    dialect     one of npmobilenet.DIALECTS: how a framework reads what the papers leave open
    divisor     what V2 and V3 round scaled channels to a multiple of
    weights     "" to start from scratch; a run's folder, a weight file, a shipped name; with `family`
                another framework's file, or an official one by its name ("keras/mobilenet_0.25_224")
    family      who wrote the weights: one of npmobilenet.weights.FAMILIES; "" for a file of ours

    ValueError, naming the setting, for what cannot be.
    """

    name: str = "v1"
    width: float = 1.0
    resolution: tuple[int, ...] = ()
    dialect: str = "paper"
    divisor: int = 8
    weights: str = ""
    family: str = ""

    def __post_init__(self) -> None:
        settle(self)
        if len(self.resolution) > 2:
            raise ValueError(f"resolution must be one or two numbers, found {self.resolution}")


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """Whom to learn from, beside the labels.

    teachers  runs' folders, weight files or shipped names; [] for nobody.  Their classes must be the
              data's, names and order; network, resolution and preprocessing are their own
    share     of the target that is the teachers', above 0 and at most 1

    ValueError, naming the setting, for what cannot be.
    """

    teachers: tuple[str, ...] = ()
    share: float = 0.5

    def __post_init__(self) -> None:
        settle(self)
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, found {self.share}")


@dataclass(frozen=True, kw_only=True)
class Train:
    """How long and how.

    epochs           times that every training image is seen
    batch            images of a step
    label_smoothing  e: the target is 1 - e at the label, plus e / classes everywhere
    ema              decay of the average over steps that is kept of all weights, and measured; 0: none.
                     Early on it is (1 + step) / (10 + step), as TensorFlow's is
    clip             longest gradient, over all arrays together; 0: any
    freeze           names of arrays that stay as they are; * stands for anything: "blocks.*"
    seed             of weights, order and augmentation
    threads          that compute; 0: all.  Changes no result
    engine           "compiled": the step of `compile_training`; "reference": the reference executor's.
                     They differ by rounding
    save_minutes     between checkpoints within an epoch; 0: one after each step
    accumulate       parts, one after the other, in which a step's batch is computed: it needs the memory
                     of one of them. Batch normalisation sees a part at a time
    sync_bn          True: on several ranks by MPI: batch normalisation sees the parts of all
                     of them; the reference engine alone can do that

    ValueError, naming the setting, for what cannot be.
    """

    epochs: int = 10
    batch: int = 32
    label_smoothing: float = 0.0
    ema: float = 0.0
    clip: float = 0.0
    freeze: tuple[str, ...] = ()
    seed: int = 0
    threads: int = 0
    engine: str = "compiled"
    save_minutes: float = 5.0
    accumulate: int = 1
    sync_bn: bool = False

    def __post_init__(self) -> None:
        settle(self)
        for name in ("epochs", "batch", "accumulate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, found {getattr(self, name)}")
        for name in ("seed", "threads", "save_minutes", "clip"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be at least 0, found {getattr(self, name)}")
        if self.engine not in ENGINES:
            raise ValueError(
                f"engine must be one of {', '.join(ENGINES)}, found {shown(self.engine)}"
            )
        for name in ("label_smoothing", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 0 and below 1, found {getattr(self, name)}"
                )


@dataclass(frozen=True, kw_only=True)
class Config:
    """A run's whole configuration, as a run's config.toml keeps it.

    data          which images: a `Data`
    model         which network: a `Network`
    switches      switches of the network's dialect that are to be set otherwise, by name
    augment       how images are varied: an `Augment`
    optimizer     how weights move: an `Optimizer`
    schedule      how the learning rate moves: a `Schedule`
    distillation  models to learn from, beside the labels: a `Distillation`
    quantize      how it learns to be a network of integers: a `Quantize`
    train         how long, how many at once, and the rest: a `Train`
    """

    data: Data = field(default_factory=Data)
    model: Network = field(default_factory=Network)
    switches: Mapping[str, Any] = field(default_factory=dict)
    augment: Augment = field(default_factory=Augment)
    optimizer: Optimizer = field(default_factory=Sgd)
    schedule: Schedule = field(default_factory=Cosine)
    distillation: Distillation = field(default_factory=Distillation)
    quantize: Quantize = field(default_factory=Quantize)
    train: Train = field(default_factory=Train)

    def __post_init__(self) -> None:
        for section, kind in SECTIONS.items():
            found = getattr(self, section)
            if not isinstance(found, Mapping if kind is dict else kind):
                raise TypeError(
                    f"{section} must be of the kind {kind.__name__}, found {shown(found)}"
                )

    @classmethod
    def from_document(cls, document: Mapping[str, Mapping[str, Any]]) -> "Config":
        """From tables as TOML gives them.  ValueError names section, key and value."""
        known = {f.name for f in fields(Dialect)} - {"name", "versions", "classes", "resolution"}
        parts: dict[str, Any] = {}
        if not isinstance(document, Mapping):
            raise ValueError(f"a configuration must be tables of keys, found {shown(document)}")
        for section, table in document.items():
            if section not in SECTIONS:
                raise unknown_key(str(section), SECTIONS)
            if not isinstance(table, Mapping):
                raise ValueError(f"{section} must be a table of keys, found {shown(table)}")
            if section in KINDS:
                kinds, table = KINDS[section], dict(table)
                name = table.pop("name", DEFAULT_NAMES[section])
                if not isinstance(name, str) or name not in kinds:
                    raise ValueError(
                        f"{section}.name must be one of {', '.join(kinds)}, found {shown(name)}; "
                        f"did you mean {nearest(name, kinds)}?"
                    )
                parts[section] = read(kinds[name], table, section)
            elif section == "switches":
                for key in set(table) - known:
                    raise unknown_key(f"switches.{key}", sorted(known))
                parts[section] = dict(table)
            elif section in SECTIONS:
                parts[section] = read(SECTIONS[section], table, section)
            else:
                raise unknown_key(section, SECTIONS)
        return cls(**parts)

    def to_document(self) -> Document:
        """The inverse: every key with its value."""
        document = asdict(self)
        for section in KINDS:
            document[section] = {"name": getattr(self, section).name, **document[section]}
        return {
            section: {
                k: list(v) if isinstance(v, tuple) else v for k, v in document[section].items()
            }
            for section in SECTIONS
        }

    def to_toml(self) -> str:
        """As a file that `train -c` takes."""
        return to_toml(self.to_document())


SECTIONS: dict[str, Any] = {
    "data": Data, "model": Network, "switches": dict, "augment": Augment,
    "optimizer": Optimizer, "schedule": Schedule, "distillation": Distillation,
    "quantize": Quantize, "train": Train,
}  # fmt: skip
KINDS: dict[str, Mapping[str, type[Any]]] = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
DEFAULT_NAMES = {"optimizer": "sgd", "schedule": "cosine"}
