"""The public names, and the module that each comes from; lazy.py says who reads this."""

from .augment import AUGMENTATIONS as AUGMENTATIONS
from .augment import CROP_FLIP as CROP_FLIP
from .augment import FLIP as FLIP
from .augment import Augment as Augment
from .decode import open_image as open_image
from .mixing import mixed as mixed
from .preprocessing import IMAGENET_MEAN as IMAGENET_MEAN
from .preprocessing import IMAGENET_STD as IMAGENET_STD
from .preprocessing import INTERPOLATIONS as INTERPOLATIONS
from .preprocessing import Preprocessing as Preprocessing
from .preprocessing import framed as framed
from .preprocessing import normalize as normalize
from .preprocessing import prepare as prepare
