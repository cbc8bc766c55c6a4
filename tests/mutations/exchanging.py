"""Running without a guard: its function gets other code in this process, and no file is written."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType

from config.place import ROOT
from tests.mutations.guards import Guard, code_without


@contextmanager
def taken_out(guard: Guard) -> Iterator[None]:
    """Let every function that is defined around the guard run without it, whatever decorates or imports it.

    :raises LookupError: when this process has not imported the guard's module.
    """
    path = str(ROOT / guard.file)
    functions = [each for each in gc.get_objects() if type(each) is FunctionType and _is_at(each, path, guard)]
    if not functions:
        message = f"{guard.name} is not imported"
        raise LookupError(message)
    code, without = functions[0].__code__, code_without(guard, (ROOT / guard.file).read_text(), path)
    try:
        for function in functions:
            function.__code__ = without
        yield
    finally:
        for function in functions:
            function.__code__ = code


def _is_at(function: FunctionType, path: str, guard: Guard) -> bool:
    code = function.__code__
    return code.co_filename == path and (code.co_qualname, code.co_firstlineno) == guard.owner
