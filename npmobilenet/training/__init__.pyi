"""The public names, and the module that each comes from; lazy.py says who reads this."""

from .config import Config as Config
from .config import Data as Data
from .config import Distillation as Distillation
from .config import Network as Network
from .config import Train as Train
from .fused_optimizer import FusedOptimizer as FusedOptimizer
from .loop import train as train
from .optimizers import OPTIMIZERS as OPTIMIZERS
from .optimizers import Adam as Adam
from .optimizers import AdamW as AdamW
from .optimizers import Optimizer as Optimizer
from .optimizers import RmsProp as RmsProp
from .optimizers import Sgd as Sgd
from .optimizers import clipped as clipped
from .prepare import prepare_run as prepare_run
from .run.checkpoint import load_checkpoint as load_checkpoint
from .run.history import Epoch as Epoch
from .run.run import Diverged as Diverged
from .schedules import SCHEDULES as SCHEDULES
from .schedules import Constant as Constant
from .schedules import Cosine as Cosine
from .schedules import Exponential as Exponential
from .schedules import Piecewise as Piecewise
from .schedules import Schedule as Schedule
from .step import State as State
from .step import Step as Step
