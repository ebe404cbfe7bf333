"""Headers that Pillow reads letter by letter: how long they may be, looked at before.

A header of megabytes of remarks takes it minutes, and no picture has one.
"""

import re
from io import BytesIO
from pathlib import Path

LONGEST = 65_536  # bytes of a header
_REMARKS = 1000  # in the numbers of a plain Netpbm picture
_REMARK = re.compile(rb"#[^\r\n]*")
_END = b"END" + b" " * 77  # a FITS header's last line


def require_brief(file: str | Path | BytesIO) -> None:
    """ValueError where a Netpbm or FITS file's header is longer than any picture's."""
    if isinstance(file, BytesIO):
        return  # a part of a PNG file
    with open(file, "rb") as opened:
        start = opened.read(LONGEST)
        if start[:6] == b"SIMPLE" and _END not in start:
            raise ValueError(f"a FITS header without an end in {LONGEST:,} bytes")
        if not re.match(rb"P[1-7fFy]\s", start):
            return
        words = 3 if start[1:2] in b"14" else 4  # its kind, width, height; the largest value
        if len(start) == LONGEST and len(_REMARK.sub(b"", start).split(maxsplit=words)) < words:
            raise ValueError(f"a header of more than {LONGEST:,} bytes")
        if start[1:2] in b"123":
            remarks = start.count(b"#")
            while remarks <= _REMARKS and (more := opened.read(2**20)):
                remarks += more.count(b"#")
            if remarks > _REMARKS:
                raise ValueError(f"more than {_REMARKS:,} remarks among its numbers")
