"""Golden vectors: every integer of every layer as files for hardware, and somebody's beside them."""

from .checking import Checked as Checked
from .checking import Difference as Difference
from .checking import check as check
from .drawing_weights import random_params as random_params
from .writing import write as write
