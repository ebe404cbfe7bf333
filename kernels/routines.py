"""Routines: functions that compiled code calls by address, each compiled for itself and kept on disk.

    forward = compiled_routine(function, signature)
    forward.address                                     # compiles it, or loads it

`asking` lets a caller learn which routines it would need, and which are on disk, before any is
compiled: sharing.py has half of them compiled by a second process.
"""

import threading
from contextlib import contextmanager

from . import compiling

known: dict[str, "compiled_routine"] = {}  # every routine that was imported, by its title
_asking = threading.local()


class NotKept(Exception):
    """A routine is not on disk."""


@contextmanager
def asking(how):
    """In this thread, asking routines for their addresses compiles nothing.

    how: "kept": only what is on disk is loaded, else NotKept is raised; "names": nothing is, all
    addresses are 0, and the routines that were asked are in the list that this gives.
    """
    _asking.how, _asking.routines = how, []
    try:
        yield _asking.routines
    finally:
        del _asking.how, _asking.routines


class compiled_routine:
    """A function for compiled code to call: `address` compiles it, and is then where its code is."""

    def __init__(self, function, signature):
        self.function, self.signature = function, signature
        self.__doc__, self.__wrapped__ = function.__doc__, function
        self.title = compiling.title_of(function)
        self._code = None
        known[self.title] = self

    @property
    def address(self):
        if getattr(_asking, "how", None) == "names":
            _asking.routines.append(self)
            return 0
        if self._code is None:
            with compiling.busy:
                self._code = self._code or _compile_routine(self.function, self.signature)
        return self._code.address


def _compile_routine(function, signature):
    from numba.core.ccallback import CFunc
    from numba.core.compiler import Compiler

    class Announcing(Compiler):
        def define_pipelines(self):  # only called where the disk has no code yet
            if getattr(_asking, "how", None) == "kept":
                raise NotKept
            compiling.on_compile(compiling.title_of(function))
            return super().define_pipelines()

    options = {"fastmath": compiling.RELAXED, "error_model": "numpy"}
    arguments = signature.args, signature.return_type
    code = CFunc(function, arguments, {}, options, pipeline_class=Announcing)
    compiling.keep(code, function)
    code.compile()
    return code
