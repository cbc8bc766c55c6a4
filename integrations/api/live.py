"""`GET /events/stream`: the tenant's public events as they happen (server-sent events), resumable by cursor."""

import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from socket import socket
from threading import Event
from typing import Any

from django.conf import settings
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from events.bus.local import LogGrew, bus
from events.event import Category
from events.log.horizon import read_cursor, require_resumable
from events.log.log import head
from events.subscriptions.queries import feed
from integrations.api.cursors import CURSOR, FEED_REFUSALS, WORD, CursorField, TypesField
from integrations.api.places import Place, Places, has_hung_up
from integrations.api.sight import hidden_types
from integrations.cloudevents import encoded
from integrations.outward import UNDELIVERABLE, Undeliverable, outward
from integrations.terms import Terms, terms_of_tenant
from kernel.tenancy import TenantLike, current_tenant, in_tenant, takes_requests, tenant_connection  # noqa: TID251 - a stream's turns
from web.errors import ApiProblem
from web.inputs import Query
from web.operations import operation
from web.scopes import EVENTS_READ, Principal, require_scope

LOOK_SECONDS = 0.5
BEAT_SECONDS = 5.0
PAGE = 200

places = Places(in_all=settings.LIVE_STREAMS, for_one=settings.LIVE_STREAMS_OF_ONE)


class EventStreamRenderer(BaseRenderer):
    """What is asked for by `Accept`. The stream itself is not rendered."""

    media_type = "text/event-stream"
    format = "stream"


class LiveQuery(Query):
    after = CursorField(required=False, help_text=f"Where to go on: {WORD}; from now on when left out")
    types = TypesField()


LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    {"type": "string", "pattern": CURSOR},
    OpenApiParameter.HEADER,
    description="The id of the last event that was received; goes before `after`",
)


class LiveFeedView(APIView):
    permission_classes = [require_scope(EVENTS_READ)]
    renderer_classes = [EventStreamRenderer, JSONRenderer]

    @operation(
        "stream_events",
        query=LiveQuery,
        answers={(200, "text/event-stream"): OpenApiTypes.STR},
        refuses=FEED_REFUSALS,
        problems={503: ["live-feeds-full"]},
        parameters=[LAST_EVENT_ID],
    )
    def get(self, request: Request, asked: dict[str, Any]) -> HttpResponseBase:
        """Follow the shop's integration events as CloudEvents. The id of each is a cursor: a client that comes back
        with `Last-Event-ID` misses nothing. One that cannot be delivered is named by a CloudEvent of the type
        `tillflow.event_undeliverable` in its place. Where events after it are in archives only, or the log was restored
        from a backup since, the answer is 410. A stream ends after a minute, and is taken up again by the browser.
        """
        after = _last_seen(request, asked)
        if request.method == "HEAD":
            return _as_a_stream(())
        principal: Principal = request.user  # type: ignore[assignment]
        connection = request.META.get("gunicorn.socket")
        wanted = _Wanted(types=asked["types"], hidden=hidden_types(request))
        stream = _Stream(tenant_connection().tenant, principal, after, wanted, connection)
        if not stream.begin():
            detail = "This process holds as many live feeds of this shop, or in all, as it can."
            raise ApiProblem(503, "live-feeds-full", detail, retry_after=5)
        return _as_a_stream(stream)


def _as_a_stream(lines: Iterable[bytes]) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type=EventStreamRenderer.media_type)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _last_seen(request: Request, asked: dict[str, Any]) -> int:
    last = request.headers.get("Last-Event-ID")
    if last is None and "after" not in asked:
        return head(current_tenant())
    return require_resumable(read_cursor(last) if last is not None else asked["after"])


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """:param types: those that were asked for; none means all. :param hidden: those that the reader may not see."""

    types: list[str]
    hidden: list[str]


class _Stream:
    """One open feed. It gives its place back when it is closed, whether or not it was read to its end.

    :param principal: whose feed it is; who no longer holds a valid key gets no more than a beat's events.
    :param connection: to the client, where the server shows it: who has hung up needs no place.
    """

    def __init__(
        self, tenant: TenantLike, principal: Principal, after: int, wanted: _Wanted, connection: socket | None
    ) -> None:
        self.tenant, self.principal, self.connection = tenant, principal, connection
        self.after, self.wanted = after, wanted
        self.epoch: int | None = None
        self.grew, self.ended = Event(), Event()
        self.place = Place(tenant.schema_name, is_gone=self._has_left, give_up=self._end)
        self.lines = self._lines()

    def begin(self) -> bool:
        """Take a place; False when there is none."""
        if not places.take(self.place):
            return False
        self.unsubscribe = bus.subscribe(LogGrew, self._notice)
        return True

    def __iter__(self) -> Iterator[bytes]:
        return self.lines

    def close(self) -> None:
        self.lines.close()
        self.unsubscribe()
        places.give_back(self.place)

    def _has_left(self) -> bool:
        return has_hung_up(self.connection)

    def _end(self) -> None:
        self.ended.set()
        self.grew.set()

    def _notice(self, grew: LogGrew) -> None:
        if grew.tenant_id == self.tenant.schema_name:
            self.grew.set()

    def _lines(self) -> Generator[bytes, None, None]:
        end = time.monotonic() + settings.LIVE_SECONDS
        beat = time.monotonic() + BEAT_SECONDS
        yield b"retry: 1000\n\n"
        while time.monotonic() < end and not self.ended.is_set() and not self._has_left():
            self.grew.clear()
            if time.monotonic() > beat:
                if not self._may_go_on():
                    return
                yield from self._move_on()
                beat = time.monotonic() + BEAT_SECONDS
            found = self._read()
            yield from found
            if not found:
                self.grew.wait(LOOK_SECONDS)

    def _may_go_on(self) -> bool:
        """Look again whether the principal was revoked, and the tenant suspended, also while events keep coming."""
        if not takes_requests(self.tenant.schema_name):
            return False
        with in_tenant(self.tenant):
            return self.principal.still_holds()

    def _move_on(self) -> Iterator[bytes]:
        """Say that the feed is there; where nothing is left to be read, with the end of the log as the id.

        So a client of rare types that comes back is not sent away for events that were never its own.
        """
        with in_tenant(self.tenant):
            newest = head(current_tenant())
        found = self._read()
        yield from found
        if not found:
            self.after = max(self.after, newest)
        with in_tenant(self.tenant):
            epochs = terms_of_tenant().epochs
        if self.epoch not in {None, epochs.current}:
            self._end()
            return
        yield f"id: {epochs.cursor(self.after).shown}\n: still here\n\n".encode()

    def _read(self) -> list[bytes]:
        with in_tenant(self.tenant):
            events = feed(
                tenant_id=current_tenant(),
                after=self.after,
                categories=[Category.INTEGRATION],
                types=self.wanted.types,
                limit=PAGE,
                hidden=self.wanted.hidden,
            )
            terms = terms_of_tenant() if events else Terms()
        if events and self.epoch not in {None, terms.epochs.current}:
            self._end()
            return []
        lines = []
        for stored in events:
            self.epoch = terms.epochs.current
            found = outward(stored, terms)
            name, body = stored.envelope.type, b""
            if isinstance(found, Undeliverable):
                name, body = UNDELIVERABLE, encoded(found.event())
            else:
                body = found.body
            self.after = stored.envelope.position
            last = terms.epochs.cursor(self.after).shown
            lines.append(f"id: {last}\nevent: {name}\ndata: ".encode() + body + b"\n\n")
        return lines
