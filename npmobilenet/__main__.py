"""`python -m npmobilenet VERB` is `npmobilenet VERB`."""

import os
import sys
from contextlib import suppress

# -m looks for modules in the current folder first: what lies there beside the images, a numba.py or
# a json.py that came with a download, is not to be run by what is imported from here on
with suppress(OSError):  # a folder that was deleted
    if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
