"""What a client sends: the members of a body and the parameters of a query, each of them known.

A member that nobody reads is refused, not passed over: a discount that is ignored is a sale at the full price.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, cast

from drf_spectacular.drainage import set_override
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty
from rest_framework.utils.serializer_helpers import ReturnDict

UNKNOWN = "unknown-member"
MOST_UNKNOWN = 20
"""Unknown members that are named of a body, with all that is nested in it. After them, no more of it is read."""
TWICE = "A line before has the same id: give each its own, or leave them out."


class Body(serializers.Serializer[Any]):
    """An object that is sent. Members that it does not declare are refused; those in `renamed` are taken under both.

    `context["renamed"]` is a set that gets the old names that were used. `context["unknown"]` counts the
    unknown members.
    """

    renamed: ClassVar[Mapping[str, str]] = {}
    """Old name → new name, for one release."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.renamed:
            set_override(cls, "deprecate_fields", list(cls.renamed))

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for old, new in self.renamed.items():
            field: Any = fields[new]
            options = {**field._kwargs, "required": False, "default": empty, "help_text": f"Renamed: send `{new}`."}  # noqa: SLF001
            options.pop("source", None)
            fields[old] = type(field)(*field._args, **options)  # noqa: SLF001
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        left = MOST_UNKNOWN - self.context.get("unknown", 0)
        if left <= 0:
            raise ValidationError({})
        named, errors = self._named_anew(data)
        unknown = list(islice((name for name in named if name not in self._names), left))
        cast("dict[str, Any]", self.context)["unknown"] = MOST_UNKNOWN - left + len(unknown)
        errors |= {name: [ErrorDetail(self._unknown(name), code=UNKNOWN)] for name in unknown}
        try:
            read = super().to_internal_value(named)
        except ValidationError as error:
            raise ValidationError({**_members(error.detail), **errors}) from None
        if errors:
            raise ValidationError(errors)
        return read

    def _named_anew(self, data: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
        if not self.renamed:
            return data, {}
        named, errors = dict(data), {}
        for old, new in self.renamed.items():
            if old not in named:
                continue
            value = named.pop(old)
            if new in named:
                errors[old] = [ErrorDetail(f"This is the old name of {new}: send that alone.", code="renamed")]
            named.setdefault(new, value)
            self.context.get("renamed", set()).add(old)
        return named, errors

    def _unknown(self, name: str) -> str:
        return f"There is no member {str(name)[:80]!r} here; known are {self._known}."

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.fields)

    @cached_property
    def _known(self) -> str:
        return ", ".join(sorted(self._names - set(self.renamed))) or "none"


class Query(Body):
    """The parameters of a query. Unknown ones are refused before they are read (`web/operations.py`).

    A text that is empty is refused: a list of everything is no answer to who looks for something.
    """

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for field in fields.values():
            if isinstance(field, serializers.CharField):
                field.allow_blank = False
                field.error_messages["blank"] = "This parameter is empty: give it a value, or leave it out."
        return fields


class Nothing(Body):
    """The body of a request that needs none."""


def require_own_ids(lines: Sequence[Mapping[str, Any]]) -> None:
    """Let no two lines have one id where nothing is written: what is said of the one would be taken for the other's.

    :raises ValidationError: when two have; it points at the second one.
    """
    seen: set[Any] = set()
    errors: list[dict[str, Any]] = []
    for line in lines:
        twice = "id" in line and line["id"] in seen
        errors.append({"id": [ErrorDetail(TWICE, code="repeated-id")]} if twice else {})
        seen.add(line.get("id"))
    if any(errors):
        raise ValidationError({"lines": errors})


def read_again(body: type[Body], sent: Mapping[str, Any], *, currency: str) -> dict[str, Any]:
    """Read what was sent before, and kept as it came.

    :raises ValidationError: when it is no such body.
    """
    serializer = body(data=sent, context={"currency": currency})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _members(detail: Any) -> dict[str, Any]:
    return dict(detail) if isinstance(detail, (dict, ReturnDict)) else {"non_field_errors": detail}
