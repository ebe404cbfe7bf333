"""Data-parallel training in forty lines: mpiexec -n 2 python many_machines.py [steps]"""

import sys

import numpy as np
from mpi4py import MPI

import npmobilenet as nm

comm = MPI.COMM_WORLD
garments, _ = nm.datasets.fashion_mnist_sample()
plan = nm.plan("v1-shallow", width=0.25, resolution=28, classes=10, channels=1, dialect="cifar")
params = {name: value.astype(np.float64) for name, value in nm.init(plan, seed=0).items()}
velocity = {name: np.zeros(plan.arrays[name]) for name in plan.parameters}
order = np.random.default_rng(0)  # the same on every rank


def total(array):
    """The sum of all ranks' arrays; all of them must ask for it."""
    return comm.allreduce(array)


for step in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20):
    chosen = order.choice(len(garments), 64, replace=False)  # the whole batch,
    own = np.array_split(chosen, comm.size)[comm.rank]  # and this rank's rows of it
    x, labels = garments.images[own] / 255 - 0.3, garments.labels[own]
    logits, tape, statistics = nm.forward(plan, params, x, train=True, total=total)
    loss, cache = nm.softmax_cross_entropy(logits, labels)
    share = len(own) / len(chosen)  # a mean over the batch is a weighted mean of the ranks' means
    dlogits = nm.softmax_cross_entropy_backward(share, cache)
    begun = {}  # name -> (the sum that is on its way, its array)

    def ready(name, gradient, begun=begun):
        """A layer's gradient is there: begin its sum, and let the pass go on."""
        whole = np.ascontiguousarray(gradient)
        begun[name] = comm.Iallreduce(MPI.IN_PLACE, whole), whole

    nm.backward(plan, dlogits, tape, ready=ready)
    for name, (request, gradient) in begun.items():
        request.Wait()
        velocity[name] = 0.9 * velocity[name] + gradient  # the same step from the same numbers:
        params[name] = params[name] - 0.02 * velocity[name]  # weights are never sent
    params |= statistics  # of the whole batch, thanks to `total`
    loss = total(share * loss)
    if comm.rank == 0:
        print(f"step {step + 1:2}  loss {loss:.12f}", flush=True)
