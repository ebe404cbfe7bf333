"""What compiled code from disk needs of the process before it may be loaded.

Numba makes ready to compile anything before it loads a function: it imports some 240 modules, SciPy's
linear algebra among them, and compiles its own counting of references.  That takes more memory than the
weights of a network, and most of the time of a start.  What compiled code calls is in the process as
soon as Numba is imported; the linker has only to be told the addresses.  A name that it does not know
ends the process, so the names are read from the object file when a function is kept, and looked up
before it is loaded.
"""

from contextlib import suppress

import numpy as np
from llvmlite.binding import add_symbol, address_of_symbol

# of the ELF format, 64 bits, little endian: <elf.h> has the names of all fields
SECTION = np.dtype(
    {
        "names": ("type", "offset", "size", "link"),
        "formats": ("<u4", "<u8", "<u8", "<u4"),
        "offsets": (4, 24, 32, 40),
        "itemsize": 64,
    }
)
SYMBOL = np.dtype(
    {"names": ("name", "section"), "formats": ("<u4", "<u2"), "offsets": (0, 6), "itemsize": 24}
)
SYMBOL_TABLE, UNDEFINED = 2, 0


def undefined(library):
    """Names that a library, as Numba serialises it, leaves for others to define.

    None where that is not an object file of the format above.
    """
    _, kind, parts = library
    code = parts[0] if kind == "object" else b""
    if not code.startswith(b"\x7fELF\2\1"):
        return None
    at, count = int.from_bytes(code[40:48], "little"), int.from_bytes(code[60:62], "little")
    sections = np.frombuffer(code, SECTION, count, at)
    tables = sections[sections["type"] == SYMBOL_TABLE]
    if len(tables) != 1:
        return None
    table = tables[0]
    symbols = np.frombuffer(code, SYMBOL, table["size"] // SYMBOL.itemsize, table["offset"])
    text = code[sections[table["link"]]["offset"] :]
    starts = symbols["name"][(symbols["section"] == UNDEFINED) & (symbols["name"] > 0)]
    return [text[start : text.index(b"\0", start)].decode() for start in starts]


def provide(names, reload, target_context):
    """See to it that code which refers to `names` can be loaded; reload: what Numba does before that."""
    for start in reload:  # the library of threads
        start()
    if names is not None and not _known(names):
        with suppress(ImportError, AttributeError):  # another Numba may have them elsewhere
            from numba.core.runtime import _nrt_python

            for name, address in _nrt_python.c_helpers.items():
                add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
    if names is None or not _known(names):
        target_context.refresh()


def _known(names):
    return all(map(address_of_symbol, names))
