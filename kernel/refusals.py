"""Refusals: what a service may anticipate and say no to."""

from typing import Any, ClassVar


class Refusal(Exception):
    """The business says no. Nothing was changed and nothing was published.

    Subclasses stand beside the service that raises them and say what happened. The API turns them into RFC 9457
    problems: `code` is the last part of the problem's type, `status` the HTTP status, `details` its extension members.
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    status: ClassVar[int] = 409

    def __init__(self, detail: str, **details: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.details = details


class NotFound(Refusal):
    """What was asked for does not exist in this shop; another tenant's id gets the same answer."""

    code = "not-found"
    title = "Not found"
    status = 404
