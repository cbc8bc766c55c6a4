"""`GET /events`: the tenant's public events in commit order, for integrators that pull."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.event import Category
from events.horizon import LARGEST_POSITION, require_resumable
from events.log import StoredEvent
from events.outward import UNDELIVERABLE, Undeliverable, outward
from events.pins import pins_of_tenant
from events.queries import feed
from kernel.api.scopes import EVENTS_READ, require_scope
from kernel.tenancy import current_tenant

LARGEST_PAGE = 1000


class FeedQuery(serializers.Serializer):  # type: ignore[type-arg]
    after = serializers.IntegerField(
        min_value=0,
        max_value=LARGEST_POSITION,
        default=0,
        help_text="The last position that was read; 0 for the beginning",
    )
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)
    types = serializers.CharField(default="", help_text="Type names, separated by commas; empty for all")


class FeedEvent(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    type = serializers.CharField()
    version = serializers.IntegerField()
    position = serializers.IntegerField()
    stream = serializers.CharField()
    stream_version = serializers.IntegerField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    correlation_id = serializers.UUIDField()
    causation_id = serializers.UUIDField(allow_null=True)
    data = serializers.JSONField()  # type: ignore[assignment]


class FeedPage(serializers.Serializer):  # type: ignore[type-arg]
    events = FeedEvent(many=True)
    next_after = serializers.IntegerField(help_text="Give this as `after` for the next page")


class EventFeedView(APIView):
    permission_classes = [require_scope(EVENTS_READ)]

    @extend_schema(parameters=[FeedQuery], responses=FeedPage, operation_id="list_events")
    def get(self, request: Request) -> Response:
        """Read the shop's integration events after a position, in commit order and without gaps of theirs. Where events
        after it are in archives only, the answer is 410. An event that cannot be delivered is named in its place: an
        item of the type `tillflow.event_undeliverable`, whose data has `event_id`, `type`, `version`, `position`,
        `stream` and `reason`.
        """
        query = FeedQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        require_resumable(asked["after"])
        types = [name for name in asked["types"].split(",") if name]
        events = feed(
            tenant_id=current_tenant(),
            after=asked["after"],
            categories=[Category.INTEGRATION],
            types=types,
            limit=asked["limit"],
        )
        next_after = events[-1].envelope.position if events else asked["after"]
        pins = pins_of_tenant()
        return Response({"events": [_shown(event, pins) for event in events], "next_after": next_after})


def _shown(stored: StoredEvent, pins: dict[str, int]) -> dict[str, Any]:
    envelope = stored.envelope
    names = ("type", "position", "stream", "stream_version", "occurred_at", "recorded_at")
    shown = {
        "id": envelope.event_id,
        **{name: getattr(envelope, name) for name in names},
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
    }
    found = outward(stored, pins)
    if isinstance(found, Undeliverable):
        return {**shown, "id": found.id, "type": UNDELIVERABLE, "version": 1, "data": found.notice()}
    return {**shown, "version": found.event["dataversion"], "data": found.event["data"]}
