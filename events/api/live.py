"""`GET /events/stream`: the tenant's public events as they happen (server-sent events), resumable by position."""

import time
from collections.abc import Generator, Iterator
from threading import BoundedSemaphore, Event
from typing import Any

from django.conf import settings
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from events.cloudevents import encoded
from events.event import Category
from events.horizon import LARGEST_POSITION, read_cursor, require_resumable
from events.local import LogGrew, bus
from events.log import head
from events.outward import UNDELIVERABLE, Undeliverable, outward
from events.pins import pins_of_tenant
from events.queries import feed
from kernel.api.errors import ApiProblem
from kernel.api.scopes import EVENTS_READ, require_scope
from kernel.tenancy import TenantLike, current_tenant, in_tenant, tenant_connection

LOOK_SECONDS = 0.5
BEAT_SECONDS = 15.0
PAGE = 200

_places = BoundedSemaphore(settings.LIVE_STREAMS)


class EventStreamRenderer(BaseRenderer):
    media_type = "text/event-stream"
    format = "stream"

    def render(self, data: Any, _accepted: Any = None, _context: Any = None) -> bytes:
        """Write an error, which is all that is rendered here: the stream itself is not."""
        return JSONRenderer().render(data)


class LiveQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        min_value=0,
        max_value=LARGEST_POSITION,
        required=False,
        help_text="The last position that was read; from now on when left out",
    )
    types = serializers.CharField(default="", help_text="Type names, separated by commas; empty for all")


class LiveFeedView(APIView):
    permission_classes = [require_scope(EVENTS_READ)]
    renderer_classes = [EventStreamRenderer, JSONRenderer]

    @extend_schema(
        parameters=[LiveQuery], responses={(200, "text/event-stream"): OpenApiTypes.STR}, operation_id="stream_events"
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Follow the shop's integration events as CloudEvents. The id of each is its position: a client that comes back
        with `Last-Event-ID` misses nothing. One that cannot be delivered is named by a CloudEvent of the type
        `tillflow.event_undeliverable` in its place. Where events after it are in archives only, the answer is 410. A
        stream ends after a minute, and is taken up again by the browser.
        """
        query = LiveQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        after = _last_seen(request, query.validated_data)
        require_resumable(after)
        if not _places.acquire(blocking=False):
            detail = "As many live feeds as this process holds are open."
            raise ApiProblem(503, "live-feeds-full", detail, retry_after=5)
        types = [name for name in query.validated_data["types"].split(",") if name]
        stream = _Stream(tenant_connection().tenant, after, types)
        response = StreamingHttpResponse(stream, content_type=EventStreamRenderer.media_type)
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


def _last_seen(request: Request, asked: dict[str, Any]) -> int:
    last = request.headers.get("Last-Event-ID")
    if last is not None:
        return read_cursor(last)
    return int(asked["after"]) if "after" in asked else head(current_tenant())


class _Stream:
    """One open feed. It gives its place back when it is closed, whether or not it was read to its end."""

    def __init__(self, tenant: TenantLike, after: int, types: list[str]) -> None:
        self.tenant, self.after, self.types = tenant, after, types
        self.grew = Event()
        self.unsubscribe = bus.subscribe(LogGrew, self._notice)
        self.lines = self._lines()
        self.open = True

    def __iter__(self) -> Iterator[bytes]:
        return self.lines

    def close(self) -> None:
        self.lines.close()
        if self.open:
            self.open = False
            self.unsubscribe()
            _places.release()

    def _notice(self, grew: LogGrew) -> None:
        if grew.tenant_id == self.tenant.schema_name:
            self.grew.set()

    def _lines(self) -> Generator[bytes, None, None]:
        end = time.monotonic() + settings.LIVE_SECONDS
        beat = time.monotonic() + BEAT_SECONDS
        yield b"retry: 1000\n\n"
        while time.monotonic() < end:
            self.grew.clear()
            found = self._read()
            yield from found
            if found:
                continue
            if time.monotonic() > beat:
                yield b": still here\n\n"
                beat = time.monotonic() + BEAT_SECONDS
            self.grew.wait(LOOK_SECONDS)

    def _read(self) -> list[bytes]:
        with in_tenant(self.tenant):
            events = feed(
                tenant_id=current_tenant(),
                after=self.after,
                categories=[Category.INTEGRATION],
                types=self.types,
                limit=PAGE,
            )
            pins = pins_of_tenant() if events else {}
        lines = []
        for stored in events:
            found = outward(stored, pins)
            name, body = stored.envelope.type, b""
            if isinstance(found, Undeliverable):
                name, body = UNDELIVERABLE, encoded(found.event())
            else:
                body = found.body
            self.after = stored.envelope.position
            lines.append(f"id: {self.after}\nevent: {name}\ndata: ".encode() + body + b"\n\n")
        return lines
