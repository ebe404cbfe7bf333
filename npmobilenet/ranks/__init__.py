"""Several processes that do one thing together, by MPI: who they are, what they add up, when one is lost.

noticing.py   whether `mpiexec` started this process, and as which of how many
world.py      `Ranks`: sums, agreement, whose part of the work is whose
buckets.py    gradients summed over all ranks, piece by piece, while others are still computed
watch.py      a rank that dies or hangs ends them all
"""
