"""A whole program in one parallel region.

    trunk    for one image after the other, all members sharing the work items of every stage: each member
             always gets the same part of the maps, which stays in its own cache
    head     what follows the pooling, for all images at once: its weights are read once; a training step,
             which does all of its stages for the whole batch, is nothing but a head

Each member has a record of bases of its own; only their scratch and the image's number differ.
"""

import numpy as np
from numba import njit

from ...compiling import compiled, prange
from ..isa.vector import address
from .work_item import BASES, call
from .work_stealing import SPACING, claim, stamp, take, wait

part = njit(nogil=True, error_model="numpy")
BASES_BYTES = BASES.itemsize


@part
def together(calls, bases, counters, member, members):
    """The stages in order, their work items shared by all members; gives the counters that follow."""
    first = 0
    while first < len(calls):
        items, last = calls[first].items, first + calls[first].calls
        item = claim(counters, items, member, members)
        while item >= 0:
            for number in range(first, last):
                call(calls[number].code, calls[number].descriptor, bases, item)
            take(counters + members * SPACING)  # done
            item = claim(counters, items, member, members)
        wait(counters, items, members)
        first = last
        counters += (members + 1) * SPACING
        if member == 0:  # how long stages take is measured where they run: benchmarks/engine.py
            stamp(counters - SPACING + 8)
    return counters


@part
def work(member, members, trunk, head, images, bases, counters):
    """What one member does."""
    b, own = bases[member], address(bases) + member * BASES_BYTES
    if member == 0:
        stamp(counters)
    counters += SPACING
    for image in range(images):
        b.image = image
        counters = together(trunk, own, counters, member, members)
    b.image = 0
    together(head, own, counters, member, members)


@compiled
def run(members, trunk, head, images, bases, counters):
    """Run a program on several threads, its trunk for each of so many images.

    trunk, head: arrays of CALL; bases: one record of BASES for each member; counters: int64, all 0.
    """
    for member in prange(members):
        work(np.int64(member), members, trunk, head, images, bases, address(counters))


@compiled
def run_alone(members, trunk, head, images, bases, counters):
    """The same on the caller's own thread; members is 1."""
    work(0, members, trunk, head, images, bases, address(counters))
