"""The options of npmobilenet train."""

import argparse
import math

from ..images.augment import AUGMENTATIONS
from ..models.dialects import DIALECTS
from ..training.config import ENGINES, Config
from ..training.optimizers import OPTIMIZERS
from ..training.schedules import SCHEDULES
from .options import MODEL_HELP, model_name
from .values import at_least, between, resolution_option


def configure(parser: argparse.ArgumentParser) -> None:
    """Options; what is not given comes from the recipe, the file, or the defaults of Config."""
    from ..weights.families import FAMILIES

    default = Config()
    model = default.model
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs="?",
        help="folder with train/ and val/ and in each a folder a class, or with train_list.txt and "
        "val_list.txt, folder of idx-gz files (MNIST, Fashion-MNIST), or fashion-mnist-sample, "
        "which is shipped",
    )
    add = parser.add_argument
    add("-c", "--config", metavar="FILE", help="TOML file, or a name of `npmobilenet recipes`")
    add("-o", "--option", metavar="SECTION.KEY=VALUE", action="append", default=[],
        help="set one key of the configuration, as train.epochs=20; may be repeated")  # fmt: skip
    add("--output", metavar="FOLDER", help="where the run is kept (runs/NAME-OF-DATA)")
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume", action="store_true", help="go on with that run after its last checkpoint"
    )
    again.add_argument(
        "--anew", action="store_true", help="erase the run that is there, and begin anew"
    )
    add("--other-data", action="store_true",
        help="with --resume: though the images are not those it began with")  # fmt: skip
    add("--model", type=model_name, metavar="MODEL", help=f"{MODEL_HELP} ({model.name})")
    add("--width", type=float, help=f"width multiplier alpha ({model.width})")
    add(
        "--divisor",
        type=at_least(1),
        help=f"V2, V3: channels are multiples of this ({model.divisor})",
    )
    add("--resolution", type=resolution_option, metavar="PIXELS",
        help="image size, 192 or 192x160 for height x width (the dialect's, mostly 224)")  # fmt: skip
    add("--dialect", choices=list(DIALECTS), help=f"which family's version ({model.dialect})")
    add("--weights", metavar="FILE", help="start from these: a run, a file, a shipped name, or an "
        "official one as `npmobilenet weights list` has them")  # fmt: skip
    add("--from", dest="family", choices=list(FAMILIES),
        metavar="FAMILY",
        help="who wrote that file, if not npmobilenet: " + ", ".join(FAMILIES))  # fmt: skip
    add("--freeze", action="append", metavar="PATTERN", help="arrays that stay as they are")
    add("--teacher", action="append", metavar="FILE", help="learn from what this model says of the "
        "images, beside their labels: a run, a file, a shipped name; may be repeated")  # fmt: skip
    add("--skip-bad", action="store_true", default=None, help="leave out images of lists that cannot be "
        "read, and count them, as is done with folders")  # fmt: skip
    add("--validation", choices=["given", "holdout", "none"],
        help="measure on val/, on a held-out part of train/, or not at all (given)")  # fmt: skip
    _add_training(parser)
    parser.set_defaults(complain=parser.error)
    parser.epilog = (
        "example: npmobilenet train flower_photos --width 0.25 --resolution 96 --epochs 5\n"
        "         npmobilenet train flower_photos -o quantize.weights=8 --weights flowers\n"
        "         (a network of integers; its keys: npmobilenet recipes flowers-int8)"
    )


def _add_training(parser: argparse.ArgumentParser) -> None:
    """How it learns."""
    default, add = Config(), parser.add_argument
    data, train, sgd = default.data, default.train, default.optimizer
    add("--epochs", type=at_least(1), help=f"({train.epochs})")
    add("--batch", type=at_least(1), help=f"images a step ({train.batch})")
    add("--optimizer", choices=list(OPTIMIZERS), help=f"({sgd.name})")
    add(
        "--lr", type=between(0, math.inf, above=True), help=f"peak learning rate (sgd's {sgd.lr:g})"
    )
    add("--momentum", type=between(0, 1), help="of sgd and rmsprop (0.9)")
    add("--weight-decay", type=between(0, math.inf), help=f"(sgd's {sgd.weight_decay:g})")
    add("--label-smoothing", type=between(0, 1), help=f"({train.label_smoothing:g})")
    add("--ema", type=between(0, 1), help="decay of the average of weights; 0: none (0)")
    add("--schedule", choices=list(SCHEDULES), help=f"({default.schedule.name})")
    add("--augmentation", choices=list(AUGMENTATIONS),
        help="(crop-flip for photographs, flip for idx files)")  # fmt: skip
    add("--seed", type=at_least(0), help=f"of everything random ({train.seed})")
    add("--workers", type=at_least(0), help=f"decoding threads ({data.workers})")
    add("--threads", type=at_least(0), help="computing threads (all)")
    add("--engine", choices=ENGINES, help="what takes the steps: the compiled training step, or the "
        "reference executor (compiled)")  # fmt: skip
