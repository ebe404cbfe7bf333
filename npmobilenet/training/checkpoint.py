"""Its place before `npmobilenet.training.run.checkpoint`; old imports still work."""

from .run.checkpoint import Progress as Progress
from .run.checkpoint import load_checkpoint as load_checkpoint
from .run.checkpoint import save_checkpoint as save_checkpoint
