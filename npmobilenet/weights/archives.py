"""Zip archives of weights: their lists are compared with what may be before anything is unpacked."""

import zipfile
from io import BytesIO
from pathlib import Path

from ..limits import in_words, unpacked_at_most
from ..text import displayed, reason

MOST_MEMBERS = 20_000  # a file for each tensor, of which a MobileNet has hundreds
# the others that Python knows unpack a few bytes to gigabytes whatever they are asked for
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def sound_archive(path: Path) -> None:
    """ValueError, one line with the path, where a zip's checksums do not agree, or it is a bomb.

    Nothing is unpacked before its list of members is found to be possible, and of no member more than
    the list says.  A program that leaves checksums out writes 0 for all; such an archive is taken as it
    is.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            no_bomb(path.stat().st_size, entries)
            if any(entry.CRC for entry in entries) and (broken := archive.testzip()):
                raise ValueError(f"{broken} is not what was packed: another CRC-32")
    except Exception as error:  # whatever hostile bytes lead zipfile to
        raise ValueError(f"{path}: a damaged archive ({displayed(reason(error))})") from None


def no_bomb(packed: int, entries: list[zipfile.ZipInfo]) -> None:
    """ValueError where the members of an archive of so many bytes are none of weights."""
    if len(entries) > MOST_MEMBERS:
        raise ValueError(f"{len(entries):,} files in it, weights have at most {MOST_MEMBERS:,}")
    if len({entry.filename for entry in entries}) != len(entries):
        raise ValueError("two files in it have one name")
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise ValueError("packed in a way that weights are not: neither stored nor deflated")
    if sum(entry.compress_size for entry in entries) > packed:
        raise ValueError("the files in it take more than itself: they share their bytes")
    size, most = sum(entry.file_size for entry in entries), unpacked_at_most(packed)
    if size > most:
        raise ValueError(f"unpacks to {in_words(size)}, of {in_words(most)} at most")


def member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The content of one member, never more than the list says.  ValueError where there is less."""
    with archive.open(entry) as file:  # asked for a number of bytes it unpacks no more
        content = file.read(entry.file_size)
    if len(content) != entry.file_size:
        raise ValueError(f"{entry.filename} is shorter than the list says")
    return content


def repacked(path: Path) -> BytesIO:
    """A sound archive's members as Python reads them, in an archive that other programs read alike.

    Of one file two readers may see two lists: by another case of a name, another beginning of the list,
    a name behind the name.  What has been looked at and what is read then have to be one thing.
    """
    made = BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(made, "w") as copy:
        entries = archive.infolist()
        summed = any(entry.CRC for entry in entries)
        for entry in entries:
            if not summed:
                del entry.CRC  # which zipfile would compare
            copy.writestr(zipfile.ZipInfo(entry.filename), member(archive, entry))
    made.seek(0)
    return made
