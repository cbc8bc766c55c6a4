"""Operations: what a method of a view reads, answers and refuses; the code and the document follow one declaration."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Protocol

from django.db.utils import OperationalError
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.refusals import Refusal
from web.encoded import tagged_answer
from web.errors import ApiProblem, sqlstate_of
from web.inputs import Body, Nothing, Query
from web.places import Kind, enter_place
from web.terminal import Terminal

DEPRECATED_SINCE = 1795651200
"""2026-11-26, in seconds: since when the names in `renamed` are old (RFC 9745)."""
NOTICE = '</api/docs>; rel="deprecation"; type="text/html"'
PAGE_PARAMETERS = frozenset({"cursor", "limit"})
DEADLOCK, DEADLOCK_RETRIES = "40P01", 2
KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = '^"?[A-Za-z0-9_-]{8,64}"?$'
_KEY = OpenApiParameter(
    KEY_HEADER,
    {"type": "string", "pattern": KEY_PATTERN},
    OpenApiParameter.HEADER,
    required=True,
    description="Makes the request take effect once: sent again under the same key, it gets the first answer.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", {"type": "string"}, OpenApiParameter.HEADER, description="An ETag: 304 while it is the newest"
)

Handler = Callable[Concatenate[Any, Request, ...], Any]


class PlainReader(Protocol):
    """Reads the plain form of a body quickly, with the result that the serializer has; None where it has another form.

    :param currency: the terminal's.
    """

    def __call__(self, body: Any, *, currency: str) -> dict[str, Any] | None: ...


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What is declared of a method of a view.

    :param keyed: whether the request carries an Idempotency-Key.
    :param paged: whether the answer is a page of rows.
    :param plain: reads the plain form of the body, before the serializer is asked.
    :param scopes: what a key needs, all of them; without any, only a terminal may ask. Views that name a permission
        have none.
    :param tagged: whether the answer has an ETag, and is not sent again to who has it.
    :param holds: whether it takes what a revoked device or a shop that is suspended sends, to hold or to refuse it.
    :param at: whether it takes place at a location or a register, which the holder of a key names in the query.
    :param without_staff: whether a terminal may write by it while nobody is signed in.
    :param refuses: what its service may refuse.
    :param problems: codes of further problems by status.
    """

    name: str
    body: type[Body] | None = None
    query: type[Query] | None = None
    refuses: tuple[type[Refusal], ...] = ()
    problems: Mapping[int, Sequence[str]]
    keyed: bool = False
    paged: bool = False
    plain: PlainReader | None = None
    scopes: tuple[str, ...] = ()
    at: Kind | None = None
    tagged: bool = False
    without_staff: bool = False
    holds: bool = False

    @property
    def renames(self) -> bool:
        return any(each.renamed for each in _inputs(self.query or self.body))

    @functools.cached_property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters of the query, old ones included."""
        named = [self.at] if self.at else []
        of_page = PAGE_PARAMETERS if self.paged else ()
        return frozenset({*(self.query().fields if self.query else ()), *of_page, *named})


def operation(
    name: str,
    *,
    answers: Any,
    body: type[Body] | None = None,
    query: type[Query] | None = None,
    refuses: Sequence[type[Refusal]] = (),
    problems: Mapping[int, Sequence[str]] | None = None,
    keyed: bool = False,
    paged: bool = False,
    plain: PlainReader | None = None,
    scopes: Sequence[str] = (),
    at: Kind | None = None,
    tagged: bool = False,
    without_staff: bool = False,
    holds: bool = False,
    parameters: Sequence[OpenApiParameter] = (),
    example: Mapping[str, Any] | None = None,
) -> Callable[[Handler], Handler]:
    """Declare a method of a view. It is called with the request and with what was read of its body or its query.

    :param answers: what drf-spectacular takes for responses: a serializer, or serializers by status.
    :param example: a body that a new shop accepts.
    """
    declared = Operation(
        name=name,
        body=body,
        query=query,
        refuses=tuple(refuses),
        problems=problems or {},
        keyed=keyed,
        paged=paged,
        plain=plain,
        scopes=tuple(scopes),
        at=at,
        tagged=tagged,
        without_staff=without_staff,
        holds=holds,
    )

    def declare(method: Handler) -> Handler:
        @functools.wraps(method)
        def handle(view: Any, request: Request, **path: Any) -> Any:
            used: set[str] = set()
            response = _retried(declared, lambda: method(view, request, *_read(declared, request, used), **path))
            if used and isinstance(response, Response):
                response["Deprecation"] = f"@{DEPRECATED_SINCE}"
                response["Link"] = NOTICE
            return tagged_answer(request, response) if tagged else response

        handle.operation = declared  # type: ignore[attr-defined]
        described: Handler = extend_schema(
            operation_id=name,
            request=body,
            responses=answers,
            parameters=[
                *([_KEY] if keyed else []),
                *([query] if query else []),
                *_place(at),
                *([IF_NONE_MATCH] if tagged else []),
                *parameters,
            ],
            examples=[OpenApiExample(name, dict(example), request_only=True)] if example else None,
        )(handle)
        return described

    return declare


def holds(view: Any, method: str | None) -> bool:
    """Say whether a view takes requests of this method that may have to be held."""
    declared: Operation | None = getattr(getattr(view, str(method).lower(), None), "operation", None)
    return declared is not None and declared.holds


def _place(at: Kind | None) -> list[OpenApiParameter]:
    meaning = f"The code or id of a {at}: an API key names one, a terminal has its own"
    return [OpenApiParameter(at, {"type": "string", "minLength": 1}, description=meaning)] if at else []


def _retried(declared: Operation, act: Callable[[], Any]) -> Any:
    """Act again after a deadlock, where the Idempotency-Key makes sure that it takes effect once."""
    for _ in range(DEADLOCK_RETRIES if declared.keyed else 0):
        try:
            return act()
        except OperationalError as error:
            if sqlstate_of(error) != DEADLOCK:
                raise
    return act()


def _read(declared: Operation, request: Request, used: set[str]) -> list[dict[str, Any]]:
    _require_known_parameters(declared, request)
    place = enter_place(request, declared.at) if declared.at else getattr(request.user, "place", None)
    if declared.plain and place and isinstance(request.user, Terminal):
        read = declared.plain(request.data, currency=place.currency)
        if read is not None:
            return [read]
    context: dict[str, Any] = {"renamed": used, **({"currency": place.currency} if place else {})}
    if declared.query:
        query = declared.query(context=context)
        query.initial_data = {name: value for name, value in request.query_params.items() if name in query.fields}
        return [_validated(query)]
    if declared.body:
        return [_validated(declared.body(data=request.data, context=context))]
    if request.method not in {"GET", "HEAD"} and request.data:
        _validated(Nothing(data=request.data))
    return []


def _validated(serializer: Body) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _require_known_parameters(declared: Operation, request: Request) -> None:
    for name, values in request.query_params.lists():
        if name not in declared.parameters:
            known = ", ".join(sorted(declared.parameters - set(declared.query.renamed if declared.query else ())))
            detail = f"There is no parameter {name[:80]!r} here; known are {known or 'none'}."
            raise ApiProblem(400, "unknown-parameter", detail, parameter=name[:80])
        if len(values) > 1:
            raise ApiProblem(400, "repeated-parameter", f"The parameter {name!r} is given twice.", parameter=name)


def _inputs(declared: Any) -> list[type[Body]]:
    """Return a body or query with all that is nested in it."""
    if declared is None:
        return []
    nested = [getattr(field, "child", field) for field in declared().fields.values()]
    return [declared, *(inner for field in nested if isinstance(field, Body) for inner in _inputs(type(field)))]
