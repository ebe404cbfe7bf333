"""Its place before `npmobilenet.datasets`; old imports still work."""

from ..datasets.arrays import ArrayImages as ArrayImages
from ..datasets.arrays import IdxImages as IdxImages
from ..datasets.dataset import Dataset as Dataset
from ..datasets.folder import ImageFolder as ImageFolder
