"""`GET /events`: the tenant's public events in commit order, for integrators that pull."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.event import Category
from events.log.epochs import FIRST_EPOCH, Cursor
from events.log.horizon import require_resumable
from events.log.log import StoredEvent, head
from events.subscriptions.queries import feed
from integrations.api.cursors import FEED_REFUSALS, WORD, CursorField, ShownCursorField, TypesField
from integrations.api.sight import hidden_types
from integrations.outward import UNDELIVERABLE, Undeliverable, outward
from integrations.terms import Terms, terms_of_tenant
from kernel.tenancy import current_tenant
from web.inputs import Query
from web.operations import operation
from web.scopes import EVENTS_READ, require_scope

LARGEST_PAGE = 1000


class FeedQuery(Query):
    after = CursorField(default=lambda: Cursor(position=0), help_text=f"Where to go on: {WORD}; 0 for the beginning")
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)
    types = TypesField()


class FeedEvent(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    type = serializers.CharField()
    version = serializers.IntegerField()
    epoch = serializers.IntegerField(
        required=False, help_text="In which the position was given: absent in the first; a restore begins one"
    )
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
    next_after = ShownCursorField(
        help_text="Give this as `after` for the next page: a number, or after a restore a text"
    )


class EventFeedView(APIView):
    permission_classes = [require_scope(EVENTS_READ)]

    @operation("list_events", query=FeedQuery, answers=FeedPage, refuses=FEED_REFUSALS)
    def get(self, request: Request, asked: dict[str, Any]) -> Response:
        """Read the shop's integration events after a cursor, in commit order and without gaps of theirs. A page
        may have fewer events than its limit; the end is a page without any. Its `next_after` is the end of the log, so
        that who asks for rare types is not too late after a retention. Where events
        after it are in archives only, or the log was restored from a backup since, the answer is 410. An event that
        cannot be delivered is named in its place: an item of the type `tillflow.event_undeliverable`, whose data has
        `event_id`, `type`, `version`, `position`, `stream` and `reason`.
        """
        after, newest = require_resumable(asked["after"]), head(current_tenant())
        events = feed(
            tenant_id=current_tenant(),
            after=after,
            categories=[Category.INTEGRATION],
            types=asked["types"],
            limit=asked["limit"],
            hidden=hidden_types(request),
        )
        terms = terms_of_tenant()
        reached = events[-1].envelope.position if events else max(after, newest)
        next_after = terms.epochs.cursor(reached)
        return Response({"events": [_shown(event, terms) for event in events], "next_after": next_after.shown})


def _shown(stored: StoredEvent, terms: Terms) -> dict[str, Any]:
    envelope = stored.envelope
    names = ("type", "position", "stream", "stream_version", "occurred_at", "recorded_at")
    shown: dict[str, Any] = {
        "id": envelope.event_id,
        **{name: getattr(envelope, name) for name in names},
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
    }
    if (epoch := terms.epochs.of(envelope.position)) != FIRST_EPOCH:
        shown["epoch"] = epoch
    found = outward(stored, terms)
    if isinstance(found, Undeliverable):
        return {**shown, "id": found.id, "type": UNDELIVERABLE, "version": 1, "data": found.notice()}
    return {**shown, "version": found.event["dataversion"], "data": found.event["data"]}
