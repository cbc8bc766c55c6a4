"""The document is valid, says what the code says, and has no default or example that the server refuses."""

from typing import Any

import pytest
from openapi_spec_validator import validate
from rest_framework.fields import empty

from tests.support.declared import handlers, inputs
from web.inputs import Body


def test_in01_a_validator_accepts_the_document(described: Any) -> None:
    validate(described)

    assert described["openapi"] == "3.1.0"


def test_in01_the_document_has_every_operation_that_the_code_has(described: Any) -> None:
    described_names = [each["operationId"] for methods in described["paths"].values() for each in methods.values()]

    assert sorted(described_names) == sorted(handler.operation.name for handler in handlers())
    assert len(described_names) > 40


def test_in01_keys_and_problems_are_described(described: Any) -> None:
    place = described["paths"]["/api/v1/orders"]["post"]

    headers = {each["name"]: each for each in place["parameters"] if each["in"] == "header"}
    assert set(headers) == {"Idempotency-Key", "X-Device-Time", "X-Staff-Session"}
    assert headers["Idempotency-Key"]["required"]
    assert set(place["responses"]) == {
        "201", "202", "400", "401", "403", "404", "406", "409", "411", "413", "415", "422", "429", "500", "503",
    }  # fmt: skip
    assert set(place["responses"]["409"]["content"]["application/problem+json"]["examples"]) == {
        "already-exists", "approval-consumed", "command-held", "idempotency-in-progress", "order-exists",
        "quarantine-full", "shift-not-open",
    }  # fmt: skip
    assert "Retry-After" in place["responses"]["429"]["headers"]


def test_in01_who_is_signed_in_is_asked_for_wherever_a_terminal_may_ask(described: Any) -> None:
    asking = {
        each["operationId"]: any("deviceToken" in scheme for scheme in each["security"])
        for methods in described["paths"].values()
        for each in methods.values()
    }
    named = {
        each["operationId"]: any(parameter["name"] == "X-Staff-Session" for parameter in each.get("parameters", ()))
        for methods in described["paths"].values()
        for each in methods.values()
    }

    assert named == asking
    assert (named["close_shift"], named["pair_device"], named["get_report"]) == (True, False, False)


def test_in01_an_approval_is_named_in_the_body_of_every_command_that_may_need_one(described: Any) -> None:
    for handler in handlers():
        body = handler.operation.body
        if body and any(refusal.code == "approval-required" for refusal in handler.operation.refuses):
            assert "approval_id" in described["components"]["schemas"][body.__name__]["properties"], body


@pytest.mark.parametrize("body", dict.fromkeys(inputs()), ids=lambda body: body.__name__)
def test_in01_every_default_is_accepted(body: type[Body], described: Any) -> None:
    schema = described["components"]["schemas"].get(body.__name__, {"properties": {}})

    for name, field in body(context={"currency": "EUR"}).fields.items():
        shown = schema["properties"].get(name, {})
        if "default" in shown:
            assert field.run_validation(shown["default"]) == field.get_default()
        elif field.default is not empty and callable(field.default):
            field.run_validation(empty)


@pytest.mark.parametrize(
    "operation", [each for each in handlers() if each.operation.body], ids=lambda each: each.operation.name
)
def test_in01_every_example_is_accepted(operation: Any, described: Any) -> None:
    name = operation.operation.name
    (described_operation,) = [
        each for methods in described["paths"].values() for each in methods.values() if each["operationId"] == name
    ]
    (example,) = described_operation["requestBody"]["content"]["application/json"]["examples"].values()

    read = operation.operation.body(data=example["value"], context={"currency": "EUR"})

    assert read.is_valid(), read.errors
