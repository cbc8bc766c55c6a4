"""Operators on the API: subscriptions to pause and resume, dead letters to look at, retry, discard and correct."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.log.epochs import LARGEST_POSITION
from events.log.horizon import EventArchived
from events.operations import dead_letters
from events.operations.actions import ReasonMissing
from events.operations.copies import CopyInvalid
from events.operations.parked import (
    HearsNothing,
    NotParked,
    discard_parked,
    publish_edited_copy,
    require_parked,
    retry_parked,
)
from events.operations.pausing import pause_subscription, require_subscriber, resume_subscription
from events.operations.rehearsing import DryRunBusy, DryRunRefused, rehearse
from events.subscriptions.holding import SubscriptionBusy
from events.subscriptions.queries import lags
from kernel import limits
from kernel.refusals import NotFound
from web.fields import Text
from web.inputs import Body, Query
from web.operations import operation
from web.scopes import EVENTS_OPERATE, actor_of, require_scope


class GroupSerializer(serializers.Serializer[Any]):
    subscriber = serializers.CharField()
    fingerprint = serializers.CharField(help_text="Names a kind of error")
    error = serializers.CharField(help_text="The last line of the newest one")
    count = serializers.IntegerField()
    blocked = serializers.IntegerField(help_text="Events on the same streams that wait for these")
    oldest_at = serializers.DateTimeField()
    newest_at = serializers.DateTimeField()
    types = serializers.ListField(child=serializers.CharField())
    positions = serializers.ListField(child=serializers.IntegerField(), help_text="The first twenty")


class LetterSerializer(serializers.Serializer[Any]):
    subscriber = serializers.CharField()
    position = serializers.IntegerField()
    event_id = serializers.UUIDField()
    type = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    stream = serializers.CharField()
    attempts = serializers.IntegerField()
    fingerprint = serializers.CharField()
    error = serializers.CharField(help_text="The end of the traceback")
    parked_at = serializers.DateTimeField()
    blocked = serializers.ListField(child=serializers.IntegerField(), help_text="Positions that wait for it")
    archived = serializers.BooleanField(help_text="The log no longer holds it: discard it, it cannot be retried")
    data = serializers.JSONField(allow_null=True)  # type: ignore[assignment]


class DeadLettersSerializer(serializers.Serializer[Any]):
    groups = GroupSerializer(many=True)
    dead_letters = LetterSerializer(many=True)


class DeadLettersQuery(Query):
    subscriber = Text(limits.TYPE_NAME, required=False, default=None)
    fingerprint = Text(limits.CODE, required=False, default=None)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)


class ChosenBody(Body):
    """One by `position`, those of one kind by `fingerprint`; a retry of neither is of all."""

    subscriber = Text(limits.TYPE_NAME)
    position = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_POSITION)
    fingerprint = Text(limits.CODE, optional=True)


class DiscardBody(ChosenBody):
    reason = Text(limits.LONG_REASON)


class ParkedEventBody(Body):
    subscriber = Text(limits.TYPE_NAME)
    position = serializers.IntegerField(min_value=1, max_value=LARGEST_POSITION)


class CopyBody(ParkedEventBody):
    data = serializers.DictField(help_text="The event's data in its newest version")  # type: ignore[assignment]
    reason = Text(limits.LONG_REASON)


class CountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class CopiedSerializer(serializers.Serializer[Any]):
    event_id = serializers.UUIDField()


class ChangeSerializer(serializers.Serializer[Any]):
    table = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class PublishedSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    data = serializers.JSONField()  # type: ignore[assignment]


class DryRunSerializer(serializers.Serializer[Any]):
    succeeds = serializers.BooleanField()
    error = serializers.CharField()
    changes = ChangeSerializer(many=True)
    publishes = PublishedSerializer(many=True)


class LagSerializer(serializers.Serializer[Any]):
    subscriber = serializers.CharField()
    cursor = serializers.IntegerField()
    behind = serializers.IntegerField()
    oldest_seconds = serializers.FloatField()
    retrying = serializers.IntegerField()
    waiting = serializers.IntegerField()
    dead = serializers.IntegerField()
    paused = serializers.BooleanField()


class PauseBody(Body):
    subscriber = Text(limits.TYPE_NAME)
    paused = serializers.BooleanField()
    reason = Text(limits.LONG_REASON, optional=True)


class OperatorView(APIView):
    permission_classes = [require_scope(EVENTS_OPERATE)]


class DeadLettersView(OperatorView):
    @operation("list_dead_letters", query=DeadLettersQuery, answers=DeadLettersSerializer, refuses=[NotFound])
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List dead events, grouped by kind of error, and one by one with what they block."""
        if asked["subscriber"] is not None:
            require_subscriber(subscriber=asked["subscriber"])
        shown = {"groups": dead_letters.groups(), "dead_letters": dead_letters.letters(**asked)}
        return Response(DeadLettersSerializer(shown).data)


class DryRunView(OperatorView):
    @operation(
        "dry_run_dead_letter",
        body=ParkedEventBody,
        answers=DryRunSerializer,
        refuses=[NotFound, NotParked, DryRunRefused, DryRunBusy],
        example={"subscriber": "notifications.mail_receipts", "position": 17},
    )
    def post(self, _request: Request, asked: dict[str, Any]) -> Response:
        """Try a parked event and roll it back: which rows a retry would create, change and delete, and what it says.

        It runs in a separate process, for ten seconds at most, one at a time.
        """
        require_subscriber(subscriber=asked["subscriber"])
        require_parked(**asked)
        found = rehearse(**asked)
        publishes = [{"type": type_name, "data": data} for type_name, data in found.publishes]
        shown = {**asdict(found), "publishes": publishes, "succeeds": found.succeeds}
        return Response(DryRunSerializer(shown).data)


class RetryView(OperatorView):
    @operation(
        "retry_dead_letters",
        body=ChosenBody,
        answers=CountSerializer,
        refuses=[NotFound, NotParked, HearsNothing, SubscriptionBusy],
        example={"subscriber": "notifications.mail_receipts", "fingerprint": "d0e1a2b3c4f5"},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Give dead and retrying events fresh attempts, now."""
        require_subscriber(subscriber=asked["subscriber"])
        return Response({"count": retry_parked(**asked, operator=actor_of(request))})


class DiscardView(OperatorView):
    @operation(
        "discard_dead_letters",
        body=DiscardBody,
        answers=CountSerializer,
        refuses=[NotFound, NotParked, ReasonMissing, SubscriptionBusy],
        example={"subscriber": "notifications.mail_receipts", "position": 17, "reason": "The customer has no mailbox"},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Give events up, with a reason; the events that they block go on."""
        require_subscriber(subscriber=asked["subscriber"])
        return Response({"count": discard_parked(**asked, operator=actor_of(request))})


class EditedCopyView(OperatorView):
    @operation(
        "publish_edited_copy",
        body=CopyBody,
        answers={201: CopiedSerializer},
        refuses=[NotFound, NotParked, ReasonMissing, CopyInvalid, SubscriptionBusy, EventArchived],
        example={
            "subscriber": "notifications.mail_receipts",
            "position": 17,
            "data": {"order_id": "019ac8f0-5a70-7c3e-9d41-6f1f3a0c2b11", "receipt": "R1-000017"},
            "reason": "The address had a blank in it",
        },
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Publish a corrected copy of a dead event for its subscriber alone, and discard the dead one."""
        require_subscriber(subscriber=asked["subscriber"])
        event_id = publish_edited_copy(**asked, operator=actor_of(request))
        return Response({"event_id": str(event_id)}, status=201)


class SubscriptionsView(OperatorView):
    @operation("list_subscriptions", answers=LagSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """List every subscriber with what is pending for it."""
        return Response(LagSerializer(lags(), many=True).data)

    @operation(
        "pause_subscription",
        body=PauseBody,
        answers={204: None},
        refuses=[NotFound, ReasonMissing, SubscriptionBusy],
        example={"subscriber": "notifications.mail_receipts", "paused": True, "reason": "The mail server moves"},
    )
    def patch(self, request: Request, asked: dict[str, Any]) -> Response:
        """Pause a subscriber of this shop before its next event, with a reason, or let it go on."""
        require_subscriber(subscriber=asked["subscriber"])
        change = pause_subscription if asked["paused"] else resume_subscription
        change(subscriber=asked["subscriber"], operator=actor_of(request), reason=asked["reason"])
        return Response(status=204)
