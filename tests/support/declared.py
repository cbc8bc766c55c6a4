"""What the API's code declares: its operations, and what each of them reads."""

from collections.abc import Iterator
from typing import Any

from rest_framework.serializers import BaseSerializer, ListSerializer

from config.urls import api
from web.inputs import Body

METHODS = ("get", "post", "put", "patch", "delete")


def handlers() -> Iterator[Any]:
    """Every method of every view that answers under /api/v1. One that is no operation has no `operation`."""
    for resolver in api:
        for pattern in resolver.url_patterns:
            view = pattern.callback.cls
            yield from (getattr(view, method) for method in METHODS if hasattr(view, method))


def inputs() -> list[type[Body]]:
    """Every body and query that is read."""
    declared = [handler.operation for handler in handlers()]
    return [each for operation in declared for each in (operation.body, operation.query) if each is not None]


def fields_of(serializer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field inside of a body or query that is no object and no list, with its path: `lines.description`."""
    if isinstance(serializer, BaseSerializer) and not isinstance(serializer, ListSerializer):
        for name, field in serializer.fields.items():
            yield from fields_of(field, f"{path}.{name}" if path else name)
    elif getattr(serializer, "child", None) is not None:
        yield from fields_of(serializer.child, path)
    else:
        yield path, serializer


def text_fields() -> list[tuple[str, Any]]:
    """Every text that a client sends: `PlaceOrderBody.lines.description` and its field."""
    from rest_framework.serializers import CharField

    found = [
        (f"{body.__name__}.{path}", field)
        for body in dict.fromkeys(inputs())
        for path, field in fields_of(body())
        if isinstance(field, CharField) and path.split(".")[-1] not in body.renamed and not is_old(body, path)
    ]
    return sorted(found)


def is_old(body: type[Body], path: str) -> bool:
    """Say whether a path ends in a name that was renamed."""
    serializer: Any = body()
    *parents, name = path.split(".")
    for parent in parents:
        serializer = serializer.fields[parent]
        serializer = getattr(serializer, "child", serializer)
    return name in getattr(serializer, "renamed", {})
