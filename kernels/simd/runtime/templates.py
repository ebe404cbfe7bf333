"""Functions that compiled code is made of: helpers, and functions made to measure.

    @part                  a helper that is compiled into whoever calls it
    @made("panel", 14, 2)  names a function that another function has made: panel_14_2

A function that makes one, `def window(kernel, stride): ...`, declares by its arguments what the made one
needs; Numba takes them as constants.
"""

from numba import njit

_named: set[str] = set()


def made(*name):
    """The name of a function that was made; what is kept on disk goes by it."""

    def rename(function):
        function.__name__ = function.__qualname__ = "_".join(map(str, name))
        return function

    return rename


def part(function):
    """A helper that is compiled into whoever calls it.

    Its name must be its own.  Work items come from disk, compiled by one process or another, each with
    the helpers that it calls; helpers of one name, numbered alike by chance, are one to the linker.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    if name in _named:
        raise ValueError(f"two compiled helpers are named {name}")
    _named.add(name)
    return njit(nogil=True, fastmath={"contract"}, error_model="numpy")(function)
