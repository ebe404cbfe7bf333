"""Does every operator, at every rung, compute what it says?  Five independent witnesses.

    rungs       each rung against the loops rung, which is the formula
    gradient    the backward pass against central differences of the forward pass
    adjoint     <dy, f(x)> = <f*(dy), x> where an operator is linear in an argument
    torch       result and gradients against PyTorch, where it is installed
    threads     1 and 2 threads, and a second backward call, give the same bits

`npmobilenet verify` draws the cases from a seed; the test suite lets Hypothesis draw them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .cases import Case
from .checks import CHECKS, Outcome, check_case, tolerance
from .operators import OPERATORS, Operator

if TYPE_CHECKING:
    from ..exercises.against import Against

__all__ = [
    "CHECKS", "OPERATORS", "Case", "Operator", "Outcome", "check", "check_case", "tolerance",
]  # fmt: skip


def check(
    function: Callable[..., Any],
    operator: str,
    backward: Callable[..., Any] | None = None,
    *,
    cases: int = 200,
    seed: int = 0,
) -> "Against":
    """Hold a function of anybody's against our operator of that name, and PyTorch's.

    function takes the arrays of the operator, then what it takes of its settings, by the names that
    they have here or in the exercises: f(x, w, stride, padding); it returns y, or (y, cache).  backward
    is called as backward(dy, cache), or backward(dy, x, w, stride, padding).

    Cases that the signature does not take are left out, and counted.  The result is true where all is
    right, and prints as a table.  ValueError, one line, for another operator, for fewer than one case,
    and for a signature that is not understood.
    """
    from ..exercises.against import check  # explains what fails as it does to a learner

    return check(function, operator, backward, cases=cases, seed=seed)
