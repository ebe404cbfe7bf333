"""What a pickle names and what it would call, found without unpickling it.

A loader of weights alone calls functions, too: those of PyTorch that make tensors, and one that makes
bytes of a text.  With other arguments some of them make gigabytes of a few bytes.
"""

import pickletools
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

_MOST_STEPS = 2_000_000  # of a pickle: a MobileNet with its optimiser has some ten thousand
# what makes tensors of storages; a name in the front of these modules that is not here has no place in
# weights when it is called
_MODULES = (
    "torch",
    "torch._C",
    "torch._tensor",
    "torch._utils",
    "torch.serialization",
    "torch.storage",
)
_CALLED = {
    "torch.Size", "torch.device", "torch.serialization._get_layout",
    "torch._tensor._rebuild_from_type_v2",
    *(
        f"torch._utils._rebuild_{what}"
        for what in (
            "tensor", "tensor_v2", "tensor_v3", "parameter", "parameter_with_state", "qtensor",
            "sparse_tensor", "sparse_csr_tensor", "nested_tensor", "meta_tensor_no_storage",
        )
    ),
}  # fmt: skip
_CALLS_ITS_ARGUMENT = (
    "torch._tensor._rebuild_from_type_v2"  # of a function, a type, arguments, a state
)
_MARK = object()


class Name(str):
    """Of a class or a function, as Python has it today."""


@dataclass
class Pickle:
    """names: of all classes and functions. protocols: versions of pickle. strange: a call, or ""."""

    names: set[str] = field(default_factory=set)
    protocols: set[int] = field(default_factory=set)
    strange: str = ""

    def called(self, function: Any, given: Any) -> None:
        """Note a call that no weights need."""
        if isinstance(function, Name) and not _usual(function, given):
            self.strange = self.strange or function
        elif function == _CALLS_ITS_ARGUMENT:
            self.called(given[0], given[2])


def read(file: IO[bytes]) -> Pickle:
    """A pickle from where the file stands to its end.  ValueError where it is none, or too long."""
    found, stack, kept = Pickle(), [], {}  # type: tuple[Pickle, list[Any], dict[int, Any]]
    for number, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if number > _MOST_STEPS:
            raise ValueError("a pickle of too many steps")
        _step(found, stack, kept, opcode, argument)
    return found


def _step(
    found: Pickle, stack: list[Any], kept: dict[int, Any], opcode: Any, argument: Any
) -> None:
    """What an operation does to the stack, of which names, texts and tuples of these matter."""
    match opcode.name:
        case "PROTO":
            found.protocols.add(argument)
        case "GLOBAL" | "INST":
            if opcode.name == "INST":
                list(_to_mark(stack))
            stack.append(_named(found, *argument.split(" ", 1)))
        case "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            stack.append(_named(found, str(module), str(name)))
        case "MARK":
            stack.append(_MARK)
        case "PUT" | "BINPUT" | "LONG_BINPUT":
            kept[int(argument)] = stack[-1]
        case "MEMOIZE":
            kept[len(kept)] = stack[-1]
        case "GET" | "BINGET" | "LONG_BINGET":
            stack.append(kept[int(argument)])
        case "DUP":
            stack.append(stack[-1])
        case "TUPLE":
            stack.append(tuple(_to_mark(stack)))
        case "TUPLE1" | "TUPLE2" | "TUPLE3":
            count = int(opcode.name[-1])
            stack[-count:] = [tuple(stack[-count:])]
        case "REDUCE" | "NEWOBJ":
            given, function = stack.pop(), stack.pop()
            found.called(function, given)
            stack.append(None)
        case "NEWOBJ_EX":
            _, given, function = stack.pop(), stack.pop(), stack.pop()
            found.called(function, given)
            stack.append(None)
        case "OBJ":
            function, *rest = _to_mark(stack)
            found.called(function, tuple(rest))
            stack.append(None)
        case _:
            _other(stack, opcode, argument)


def _other(stack: list[Any], opcode: Any, argument: Any) -> None:
    """Any other operation: so many from the stack, all to the mark where it says so, so many onto it."""
    taken = opcode.stack_before
    if pickletools.markobject in taken:
        list(_to_mark(stack))
        taken = taken[: taken.index(pickletools.markobject)]
    if taken:
        del stack[-len(taken) :]
    value = argument if isinstance(argument, str) else None
    stack.extend([value] * len(opcode.stack_after))


def _to_mark(stack: list[Any]) -> Iterator[Any]:
    """What lies on the last mark, which goes, too."""
    at = len(stack) - 1
    while stack[at] is not _MARK:
        at -= 1
    yield from stack[at + 1 :]
    del stack[at:]


def _named(found: Pickle, module: str, name: str) -> Name:
    """A name as Python has it today: protocol 2 of pickle writes those of Python 2."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    found.names.add(whole := f"{module}.{name}")
    return Name(whole)


def _usual(function: Name, given: Any) -> bool:
    """Whether weights may call it with that."""
    if function == "_codecs.encode":  # bytes, as protocol 2 writes them
        return isinstance(given, tuple) and given[1:] == ("latin1",) and type(given[0]) is str
    if function == _CALLS_ITS_ARGUMENT:
        return isinstance(given, tuple) and len(given) == 4 and isinstance(given[0], Name)
    return function.rpartition(".")[0] not in _MODULES or function in _CALLED
