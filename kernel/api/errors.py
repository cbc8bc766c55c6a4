"""Errors of the conversation with the API, as RFC 9457 names them."""

from typing import Any

from rest_framework import exceptions

TYPE_PREFIX = "urn:tillflow:problem:"
CONTENT_TYPE = "application/problem+json"


class ApiProblem(exceptions.APIException):
    """An error of the conversation itself: a missing header, a token of another tenant."""

    def __init__(self, status_code: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.problem_code = code
        self.members = members
