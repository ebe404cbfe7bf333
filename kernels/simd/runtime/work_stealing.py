"""Several threads on one list of stages, none of them ever waiting for a thread that is not there.

A stage is so many independent work items, and begins when the one before it is done.  Every item is
taken by adding 1 to a counter, so that exactly one thread gets it; done, it adds 1 to another counter.

Each member has a share of the items of its own, always the same one, so that what it has written is
still in its own core's cache when the next stage reads it.  It takes from the others' shares only
when its own is empty.  Which member computes an item makes no difference to the results.
"""

from llvmlite import ir
from numba import njit, types

from ..isa.lanes import X86
from ..isa.llvm import INT64, call_llvm, emitted, pointer, store

SPACING = 64  # bytes from counter to counter: no two share a cache line


@emitted(types.int64, counter=types.int64)
def take(builder, counter):
    """Add 1 to the counter at an address and return what it was; no other thread gets the same."""
    return builder.atomic_rmw("add", pointer(builder, counter, INT64), INT64(1), "seq_cst")


@emitted(types.int64, counter=types.int64)
def read(builder, counter):
    """The counter at an address, with all that was written before it was set."""
    return builder.load_atomic(pointer(builder, counter, INT64), "acquire", 8)


@emitted()
def pause(builder):
    """Tell the core that this is a waiting loop."""
    if X86:
        call_llvm(builder, "llvm.x86.sse2.pause", ir.VoidType())


@emitted(place=types.int64)
def stamp(builder, place):
    """Write the core's clock to an address: cycles of a constant rate, from no particular moment."""
    store(builder, call_llvm(builder, "llvm.readcyclecounter", INT64), place, align=8)


@njit(nogil=True)
def claim(counters, items, member, members):
    """An item that nobody has taken, from the member's own share first; -1 if there is none left."""
    for number in range(members):
        owner = (member + number) % members
        first, last = owner * items // members, (owner + 1) * items // members
        counter = counters + SPACING * owner
        # asked before taken: the counter of an empty share is not moved again and again
        if read(counter) < last - first:
            item = first + take(counter)
            if item < last:
                return item
    return -1


@njit(nogil=True)
def wait(counters, items, members):
    """Until all items are done."""
    while read(counters + SPACING * members) < items:
        pause()
