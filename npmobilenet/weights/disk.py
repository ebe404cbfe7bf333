"""Its place before `npmobilenet.disk`; old imports still work."""

from ..disk import flush_folder as flush_folder
from ..disk import write_whole as write_whole
