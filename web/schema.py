"""How the API describes itself: what an operation declares, and what all of them have in common."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import ListSerializer, ModelSerializer

from web.document import add_components, problem_answer, problems_of, references
from web.fields import Text
from web.inputs import Body
from web.operations import Operation
from web.terminal import STAFF_HEADER, Anyone, MayAsk, Terminal

STAFF_SESSION = {
    "in": "header",
    "name": STAFF_HEADER,
    "schema": {"type": "string"},
    "description": "The token of whoever is signed in at the terminal (`POST /api/v1/staff-sessions`): what is done is"
    " theirs, and what their role lets them do. Needed to write in a shop that has staff; not with an API key",
}


class Schema(AutoSchema):
    """Says of each operation who may ask, with which headers, and every problem that it may answer."""

    def get_operation(self, *arguments: Any) -> dict[str, Any] | None:
        described: dict[str, Any] | None = super().get_operation(*arguments)  # type: ignore[no-untyped-call]
        declared = self._declared()
        if described is None or declared is None:
            return described
        add_components(self.registry)
        if self._may_terminals_ask():
            described["parameters"] = sorted(
                [*described.get("parameters", []), {**STAFF_SESSION}], key=lambda each: str(each["name"])
            )
        for parameter in described.get("parameters", []):
            if parameter["schema"].pop("deprecated", False):
                parameter["deprecated"] = True
        answers = described["responses"]
        headers = ["X-Request-Id", *(["Idempotency-Replayed"] if declared.keyed else [])]
        headers += ["Deprecation"] if declared.renames else []
        headers += ["ETag"] if declared.tagged else []
        for status, answer in answers.items():
            answer["headers"] = references(headers)
            answer["description"] = HTTPStatus(int(status)).phrase
        if declared.tagged:
            answers["304"] = {"description": "Not Modified", "headers": references(["X-Request-Id", "ETag"])}
        problems = problems_of(declared, method=self.method)
        for code, titles in problems.items():
            answers[str(code)] = problem_answer(self.registry, code, titles)
        return described

    def get_auth(self) -> list[dict[str, Any]]:
        """Say who may ask: a terminal, and a key with the scopes that are listed."""
        super().get_auth()
        (permission,) = self.view.get_permissions()
        declared = self._declared()
        if isinstance(permission, Anyone):
            return [{}]
        if isinstance(permission, MayAsk):
            scopes = list(declared.scopes if declared else ())
        else:
            scopes = [permission.needed] if hasattr(permission, "needed") else []
        terminals = self._may_terminals_ask()
        return [*([{"apiKey": scopes}] if scopes else []), *([{"deviceToken": []}] if terminals else [])]

    def _may_terminals_ask(self) -> bool:
        (permission,) = self.view.get_permissions()
        if isinstance(permission, (Anyone, MayAsk)):
            return isinstance(permission, MayAsk)
        return {permission.needed} <= set(Terminal.scopes) if hasattr(permission, "needed") else True

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:  # noqa: FBT001, FBT002
        mapped = super()._map_serializer(serializer, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if not type(serializer).__doc__:
            mapped.pop("description", None)
        if isinstance(serializer, Body):
            return {**mapped, "additionalProperties": False}
        mapped["properties"] = {name: _answered(schema) for name, schema in mapped["properties"].items()}
        if isinstance(serializer, ModelSerializer):
            mapped["required"] = sorted(mapped["properties"])
        return mapped

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:  # noqa: FBT001, FBT002
        mapped = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if isinstance(field, ListSerializer) and direction == "request":
            bounds = {"minItems": None if field.allow_empty else 1, "maxItems": getattr(field, "max_length", None)}
            mapped |= {name: bound for name, bound in bounds.items() if bound is not None}
        return mapped

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]
        if isinstance(field, Text) and "oneOf" in schema:
            schema |= schema.pop("oneOf")[0]

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_summary(self) -> str:
        return self.get_operation_id().replace("_", " ").capitalize()

    def _declared(self) -> Operation | None:
        return getattr(getattr(self.view, self.method.lower()), "operation", None)


def _answered(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of a member of an answer what it is, and not that it cannot be sent: it is in no body."""
    schema = {name: value for name, value in schema.items() if name != "readOnly"}
    (alone,) = schema["allOf"] if list(schema) == ["allOf"] else (schema,)
    return dict(alone)
