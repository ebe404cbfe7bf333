"""The public names, and the module that each comes from; lazy.py says who reads this."""

from .arrays import ArrayImages as ArrayImages
from .arrays import IdxImages as IdxImages
from .class_balance import class_counts as class_counts
from .dataset import Dataset as Dataset
from .folder import ImageFolder as ImageFolder
from .loader import Batch as Batch
from .loader import batches as batches
from .loader import count_batches as count_batches
from .paddle_lists import ListImages as ListImages
from .splits import Splits as Splits
from .splits import default_preprocessing as default_preprocessing
from .splits import fashion_mnist_sample as fashion_mnist_sample
from .splits import load_evaluation as load_evaluation
from .splits import load_splits as load_splits
from .subsets import Cached as Cached
from .subsets import Subset as Subset
from .subsets import at_resolution as at_resolution
from .subsets import cached as cached
from .subsets import hold_out as hold_out
