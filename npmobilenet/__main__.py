"""`python -m npmobilenet VERB` is `npmobilenet VERB`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
