"""Whether `mpiexec` started this process, and as which of how many; asked before NumPy is imported.

Whoever starts ranks says so in the environment.  Only then is mpi4py imported, which brings MPI up.
"""

import os
from typing import Any

# (how many, which) as several programs that start ranks say it
SAID = (
    ("PMI_SIZE", "PMI_RANK"),  # MPICH, Intel MPI, MVAPICH
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),  # Open MPI
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),  # srun
)


def started() -> tuple[int, int]:
    """(rank, size) as the environment has it; (0, 1) where nobody started ranks."""
    for size, rank in SAID:
        found = [os.environ.get(name, "") for name in (rank, size)]
        if all(text.isdecimal() for text in found) and int(found[1]) > 1:
            return int(found[0]), int(found[1])
    return 0, 1


def communicator() -> Any:
    """mpi4py's communicator of all ranks; None where there is one process.

    ImportError without mpi4py; ValueError where its MPI is not that of the `mpiexec` that started us.
    """
    size = started()[1]
    if size == 1:
        return None
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # RuntimeError: mpi4py finds no MPI
        why = " ".join(str(error).split())
        raise ImportError(
            f'{size} ranks were started, but MPI cannot be used ({why}); pip install "npmobilenet[mpi]"'
        ) from None
    if size != MPI.COMM_WORLD.size:
        raise ValueError(
            f"{size} ranks were started, but mpi4py's MPI ({MPI.Get_library_version().split()[0]}) "
            f"sees {MPI.COMM_WORLD.size}: start them with the mpiexec of that MPI"
        )
    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:  # a thread watches the other ranks
        name = MPI.Get_library_version().split()[0]
        raise ValueError(f"{name} lets one thread at a time call it; take an MPI that lets all")
    return MPI.COMM_WORLD.Dup()


def settle_threads(comm: Any, asked: int = 0) -> int:
    """Tell Numba how many threads a rank has, so that ranks of a host share its cores.

    asked: threads that somebody wants of a rank; 0: its share.  Returns the share.  Where the program
    that started the ranks has given each its own cores, those are its share.
    """
    from mpi4py import MPI

    mine = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    mine = mine or list(range(os.cpu_count() or 1))
    host = comm.Split_type(MPI.COMM_TYPE_SHARED)
    with_me = sum(bool(set(mine) & set(cores)) for cores in host.allgather(mine))
    host.Free()
    share = max(1, len(mine) // with_me)
    os.environ.setdefault("NUMBA_NUM_THREADS", str(min(max(share, asked), len(mine))))
    return share
