"""A whole network in one parallel region.

    trunk    for one image after the other, all members sharing the units of every stage: each member
             always gets the same part of the maps, which stays in its own cache
    head     what follows the pooling, for all images at once: its weights are read once

Each member has a record of addresses of its own; only their scratch and the image's number differ.
"""

import numpy as np
from numba import njit

from ..compiling import compiled, prange
from .team import SPACING, claim, finished, stamp, wait
from .unit import BASES, call
from .vector import address

part = njit(nogil=True, error_model="numpy")
BASES_BYTES = BASES.itemsize


@part
def do(stages, number, bases, unit):
    """One unit of a stage."""
    for record in range(number, number + stages[number].records):
        s = stages[record]
        stage = address(stages) + record * stages.itemsize
        call(s.first, stage, bases, unit)
        if s.then:
            call(s.then, stage, bases, unit)
        if s.last:
            call(s.last, stage, bases, unit)


@part
def together(stages, bases, counters, member, members):
    """The stages in order, their units shared by all members."""
    number = 0
    while number < len(stages):
        units, records = stages[number].units, stages[number].records
        unit = claim(counters, units, member, members)
        while unit >= 0:
            do(stages, number, bases, unit)
            finished(counters, members)
            unit = claim(counters, units, member, members)
        wait(counters, units, members)
        number += records
        counters += records * (members + 1) * SPACING
        if member == 0:  # how long stages take is measured where they run: benchmarks/engine.py
            stamp(counters - SPACING + 8)


@part
def work(member, members, trunk, head, count, bases, counters):
    """What one member does."""
    b, own = bases[member], address(bases) + member * BASES_BYTES
    if member == 0:
        stamp(counters)
    counters += SPACING
    memory = b.memory
    for image in range(count):
        b.image = image
        together(trunk, own, counters, member, members)
        counters += len(trunk) * (members + 1) * SPACING
    b.memory, b.image = b.shared, 0
    together(head, own, counters, member, members)
    b.memory = memory


@compiled
def run(members, trunk, head, count, bases, counters):
    """Run the network on `count` images, on several threads.

    trunk, head: arrays of STAGE; bases: one record of BASES for each member; counters: int64, all 0.
    """
    for member in prange(members):
        work(np.int64(member), members, trunk, head, count, bases, address(counters))


@compiled
def run_alone(members, trunk, head, count, bases, counters):
    """The same on the caller's own thread; members is 1."""
    work(0, members, trunk, head, count, bases, address(counters))
