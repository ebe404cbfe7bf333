"""Does every operator, at every rung, compute what it says?  Five independent witnesses.

    rungs       each rung against the loops rung, which is the formula
    gradient    the backward pass against central differences of the forward pass
    adjoint     <dy, f(x)> = <f*(dy), x> where an operator is linear in an argument
    torch       result and gradients against PyTorch, where it is installed
    threads     1 and 2 threads, and a second backward call, give the same bits

`npmobilenet verify` draws the cases from a seed; the test suite lets Hypothesis draw them.
"""

from .checks import CHECKS, Outcome, check_case, tolerance
from .operators import OPERATORS, Case, Operator

__all__ = ["CHECKS", "OPERATORS", "Case", "Operator", "Outcome", "check_case", "tolerance"]
