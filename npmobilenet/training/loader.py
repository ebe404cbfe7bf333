"""Its place before `npmobilenet.datasets.loader`; old imports still work."""

from ..datasets.loader import Batch as Batch
from ..datasets.loader import batches as batches
from ..datasets.loader import count_batches as count_batches
