"""Its place before `npmobilenet.datasets.subsets`; old imports still work."""

from ..datasets.subsets import Cached as Cached
from ..datasets.subsets import Subset as Subset
from ..datasets.subsets import at_resolution as at_resolution
from ..datasets.subsets import cached as cached
from ..datasets.subsets import hold_out as hold_out
from ..datasets.subsets import part_of as part_of
