"""From a configuration to everything `train` needs: images, network, preprocessing, first weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..datasets.class_balance import warnings
from ..datasets.dataset import Dataset
from ..datasets.splits import Splits, default_preprocessing, load_splits
from ..datasets.subsets import at_resolution, cached, free_megabytes, hold_out
from ..images.augment import CROP_FLIP, FLIP
from ..images.preprocessing import Preprocessing
from ..models.network_plan import Plan, plan
from ..ops.checks import Array
from ..predicting.model import Model
from ..weights.by_name import read_weights
from .config import Config, Document, Network
from .distillation import require_teachers, targets
from .documents import merged
from .preflight import remarks as unusual
from .preflight import require_names, require_texts
from .transfer import transferred

CACHE_SHARE = 4  # of the free memory, a quarter
# what weights decide about the network, if there are any
GIVEN_BY_WEIGHTS = ("name", "width", "dialect", "divisor")


@dataclass(frozen=True)
class Prepared:
    """A run that could begin.

    config     complete: what was left open is settled
    params     to start from, None for fresh ones
    remarks    what is worth telling before training
    originals  the training images before they are brought to the network's size
    teachers   models to learn from, by name
    """

    config: Config
    plan: Plan
    training: Dataset
    validation: Dataset | None
    preprocessing: Preprocessing
    params: dict[str, Array] | None = field(repr=False)
    remarks: tuple[str, ...]
    originals: Dataset
    teachers: Mapping[str, Model]

    def targets(self) -> Array | None:
        """(n, classes) to learn, None where there are no teachers: the labels then."""
        if not self.teachers:
            return None
        config = self.config
        return targets(
            self.originals,
            self.teachers,
            config.distillation.share,
            mirrored=config.augment.flip > 0,
            workers=config.data.workers,
        )


def prepare_run(
    document: Mapping[str, Mapping[str, Any]], resumed: Model | None = None
) -> Prepared:
    """Everything that a run needs, from its configuration.

    document  tables of keys and values, as TOML gives them: "data", "model", "switches", "augment",
              "optimizer", "schedule", "distillation", "train"
    resumed   the checkpoint of a run that goes on: its network and preprocessing are taken, and where it
              once began is not asked again

    Returns plan, images, preprocessing, parameters and remarks.  ValueError, in one line, for what cannot
    be.
    """
    asked = Config.from_document(document)  # complains before anything is read
    require_texts(asked)
    if asked.model.family and not (asked.model.weights or resumed):
        raise ValueError(f"model.family is {asked.model.family!r}, but there are no model.weights")
    source = resumed
    if asked.model.weights and not resumed:
        source = read_weights(asked.model.weights, asked.model.family, dequantize=True)
        source = source.floats(asked.model.weights)
    splits = load_splits(
        asked.data.path,
        source.plan.channels if source else None,
        validation=asked.data.validation == "given",
        skip_bad=asked.data.skip_bad,
    )
    config = asked if resumed else Config.from_document(_settled(document, splits, source))
    training, validation = splits.train, splits.validation
    require_names(training.classes, config.data.path)
    if config.data.validation == "holdout":
        training, validation = hold_out(splits.train, config.data.holdout, config.train.seed)
    remarks, params = [*warnings(training, validation), *unusual(training, config)], None
    if resumed is not None:
        network, preprocessing = resumed.plan, resumed.preprocessing
    else:
        network, preprocessing = _network(config, splits.train, source)
        if source is not None:
            params, said = transferred(network, source, splits.train.classes, config.train.seed)
            remarks.append(f"{config.model.weights}: {said}")
    originals = training
    training, validation = _in_memory(config, preprocessing, training, validation)
    teachers = {name: read_weights(name) for name in config.distillation.teachers}
    require_teachers(teachers, training.classes)
    return Prepared(
        config, network, training, validation, preprocessing, params, tuple(remarks), originals,
        teachers,
    )  # fmt: skip


def _in_memory(
    config: Config, preprocessing: Preprocessing, training: Dataset, validation: Dataset | None
) -> tuple[Dataset, Dataset | None]:
    """Both parts with a share of the memory, as large as their share of the images."""
    megabytes = config.data.cache_mb
    memory = free_megabytes() // CACHE_SHARE if megabytes < 0 else megabytes
    held = 0 if validation is None else len(validation)
    own = memory * len(training) // (len(training) + held)
    if validation is not None:
        validation = at_resolution(cached(validation, memory - own), preprocessing, memory - own)
    training = cached(training, own)
    if not config.augment.crop and not config.augment.jitters:
        training = at_resolution(training, preprocessing, own)
    return training, validation


def _settled(
    document: Mapping[str, Mapping[str, Any]], splits: Splits, source: Model | None
) -> Document:
    """The document with what depends on images and weights filled in.

    Photographs are cropped and flipped unless somebody says otherwise, small idx images only flipped.
    """
    usual = CROP_FLIP if splits.kind in ("folder", "lists") else FLIP
    defaults: Document = {"augment": {"crop": usual.crop, "flip": usual.flip}}
    if source is None:
        return merged(defaults, document)
    found = source.plan
    own = {
        "name": found.model,
        "width": found.width,
        "dialect": found.dialect.name,
        "divisor": found.divisor,
    }
    asked = document.get("model", {})
    for key in GIVEN_BY_WEIGHTS:
        if key in asked and asked[key] != own[key]:
            raise ValueError(
                f"model.{key} is {asked[key]!r}, but the weights {asked['weights']} are of a network "
                f"with {own[key]!r}; leave it out"
            )
    return merged(defaults, document, {"model": own})


def _network(config: Config, training: Dataset, source: Model | None) -> tuple[Plan, Preprocessing]:
    """The plan, and how images are prepared for it.

    Weights bring the mean and deviation they know; size, crop and filter are as for any images.
    """
    asked, classes = config.model, len(training.classes)
    base = source.plan if source else _written(asked)
    dialect = base.dialect
    usual = base.resolution
    height, width = (2 * asked.resolution)[:2] if asked.resolution else usual
    made = default_preprocessing(
        training, (height, width), source.plan.channels if source else None
    )
    if source is not None:
        made = replace(made, mean=source.preprocessing.mean, std=source.preprocessing.std)
    switches: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in config.switches.items()}
    changed = {"resolution": made.resolution, "classes": classes, "channels": made.channels}
    dialect = replace(dialect, **switches)
    return plan(**base.asked | changed | {"include_top": True, "dialect": dialect}), made


def _written(asked: Network) -> Plan:
    """The network that a configuration names; what a table says holds where it says nothing else."""
    default = Network()
    told = {
        key: value
        for key in ("width", "divisor", "dialect")
        if (value := getattr(asked, key)) != getattr(default, key)
    }
    return plan(asked.name, **told)
