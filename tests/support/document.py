"""Reading the document: its operations, and paths with something in their places."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from config import openapi
from kernel.ids import new_id

PARAMETER = re.compile(r"\{[^}]+\}")


@cache
def document() -> Any:
    return openapi.document()


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def asked_of(path: str) -> str:
    """Put ids that nothing has into a path."""
    return PARAMETER.sub(lambda _: str(new_id()), path)


def is_for_terminals(operation: Any) -> bool:
    """Say whether a terminal may ask. A key may as well, with the scopes that the operation names."""
    return any("deviceToken" in scheme for scheme in operation.get("security", ()))
