"""Thousands of generated requests, valid and not: what is answered is what the document says, and never a 5xx."""

import json
from collections import Counter
from random import Random
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.known import HOST, Known
from tests.support.wsgi import application

CASES = 5000
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "instance", "code"}
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def test_generated_requests_are_answered_as_the_document_says(described: Any, known: Known) -> None:
    schema = schemathesis.openapi.from_dict(described)
    schema.app = application
    operations = [found.ok() for found in schema.get_all_operations()]
    each = -(-CASES // (2 * len(operations)))
    asked, found = Counter[int](), []

    for number, operation in enumerate(operations):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            asker = Asker(known, Random(number), asked, found)
            try:
                exercise = given(operation.as_strategy(generation_mode=mode))(asker.ask)
                settings(
                    max_examples=each, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
                    suppress_health_check=QUIET,
                )(exercise)()  # fmt: skip
            except FailureGroup as group:
                found += [f"{operation.label}: {failure}" for failure in group.exceptions]

    print(f"\n{sum(asked.values())} requests to {len(operations)} operations: {dict(sorted(asked.items()))}")
    assert found == []
    assert sum(asked.values()) >= CASES


class Asker:
    """Sends generated cases, with values that the shop knows in them, and looks at what is answered."""

    def __init__(self, known: Known, dice: Random, asked: Counter[int], found: list[str]) -> None:
        self.known, self.dice, self.asked, self.found = known, dice, asked, found

    def ask(self, case: Any) -> None:
        described = case.operation.definition.raw
        for part in ("path_parameters", "query", "body"):
            value = getattr(case, part)
            if isinstance(value, (dict, list)):
                setattr(case, part, self.known.put_into(value, self.dice))
        headers = {"Authorization": self.known.authorization(described["security"], self.dice)}
        response = case.call(base_url=HOST, headers=headers)
        self.asked[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400:
            require_problem(case, described, response)


def require_problem(case: Any, described: Any, response: Any) -> None:
    problem = json.loads(response.content)
    examples = described["responses"][str(response.status_code)]["content"][PROBLEM]["examples"]
    where = f"{case.method} {case.path}: {problem}"

    assert response.headers["content-type"] == [PROBLEM], where
    assert MEMBERS <= set(problem), where
    assert problem["status"] == response.status_code, where
    assert problem["code"] in examples, f"not described: {where}"
