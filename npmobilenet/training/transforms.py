"""Its place before `npmobilenet.images.preprocessing`; old imports still work."""

from ..images.decode import open_image as open_image
from ..images.preprocessing import IMAGENET_MEAN as IMAGENET_MEAN
from ..images.preprocessing import IMAGENET_STD as IMAGENET_STD
from ..images.preprocessing import Preprocessing as Preprocessing
from ..images.preprocessing import framed as framed
from ..images.preprocessing import normalize as normalize
from ..images.preprocessing import prepare as prepare
