"""Operators on the API: subscriptions to pause and resume, dead letters to look at, retry, discard and mend."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events import dead_letters, services
from events.queries import lags
from events.rehearsing import rehearse
from kernel.api.scopes import EVENTS_OPERATE, actor_of, require_scope


class GroupSerializer(serializers.Serializer[Any]):
    subscriber = serializers.CharField()
    fingerprint = serializers.CharField(help_text="Names a kind of error")
    error = serializers.CharField(help_text="The last line of the newest one")
    count = serializers.IntegerField()
    blocked = serializers.IntegerField(help_text="Events that wait behind these, on their streams")
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
    blocked = serializers.ListField(child=serializers.IntegerField(), help_text="Positions that wait behind it")
    archived = serializers.BooleanField(help_text="The log no longer holds it: discard it, it cannot be retried")
    data = serializers.JSONField(allow_null=True)  # type: ignore[assignment]


class DeadLettersSerializer(serializers.Serializer[Any]):
    groups = GroupSerializer(many=True)
    dead_letters = LetterSerializer(many=True)


class DeadLettersQuery(serializers.Serializer[Any]):
    subscriber = serializers.CharField(default=None)
    fingerprint = serializers.CharField(default=None)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)


class ChosenSerializer(serializers.Serializer[Any]):
    """One by `position`, those of one kind by `fingerprint`; a retry of neither is of all."""

    subscriber = serializers.CharField()
    position = serializers.IntegerField(required=False, min_value=1)
    fingerprint = serializers.CharField(default="", allow_blank=True)


class DiscardedSerializer(ChosenSerializer):
    reason = serializers.CharField()


class OneSerializer(serializers.Serializer[Any]):
    subscriber = serializers.CharField()
    position = serializers.IntegerField(min_value=1)


class CopySerializer(OneSerializer):
    data = serializers.DictField(help_text="The event's data in its newest version")  # type: ignore[assignment]
    reason = serializers.CharField()


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


class PausingSerializer(serializers.Serializer[Any]):
    subscriber = serializers.CharField()
    paused = serializers.BooleanField()
    reason = serializers.CharField(default="", allow_blank=True)


class OperatorView(APIView):
    permission_classes = [require_scope(EVENTS_OPERATE)]

    @staticmethod
    def asked(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
        """Read the request's body. :raises NotFound: when it names no subscriber of ours."""
        read = serializer(data=request.data)
        read.is_valid(raise_exception=True)
        asked: dict[str, Any] = dict(read.validated_data)
        services.require_subscriber(subscriber=asked["subscriber"])
        return asked


class DeadLettersView(OperatorView):
    @extend_schema(parameters=[DeadLettersQuery], responses=DeadLettersSerializer, operation_id="list_dead_letters")
    def get(self, request: Request) -> Response:
        """List dead events, grouped by kind of error, and one by one with what waits behind them."""
        query = DeadLettersQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        shown = {"groups": dead_letters.groups(), "dead_letters": dead_letters.letters(**query.validated_data)}
        return Response(DeadLettersSerializer(shown).data)


class DryRunView(OperatorView):
    @extend_schema(request=OneSerializer, responses=DryRunSerializer, operation_id="dry_run_dead_letter")
    def post(self, request: Request) -> Response:
        """Try a parked event and roll it back: which rows a retry would create, change and delete, and what it says.

        It runs in a separate process, for ten seconds at most, one at a time.
        """
        asked = self.asked(OneSerializer, request)
        services.require_parked(**asked)
        found = rehearse(**asked)
        publishes = [{"type": type_name, "data": data} for type_name, data in found.publishes]
        shown = {**asdict(found), "publishes": publishes, "succeeds": found.succeeds}
        return Response(DryRunSerializer(shown).data)


class RetryView(OperatorView):
    @extend_schema(request=ChosenSerializer, responses=CountSerializer, operation_id="retry_dead_letters")
    def post(self, request: Request) -> Response:
        """Give dead and retrying events fresh attempts, now."""
        asked = self.asked(ChosenSerializer, request)
        return Response({"count": services.retry_parked(**asked, operator=actor_of(request))})


class DiscardView(OperatorView):
    @extend_schema(request=DiscardedSerializer, responses=CountSerializer, operation_id="discard_dead_letters")
    def post(self, request: Request) -> Response:
        """Give events up, with a reason; what waits behind them goes on."""
        asked = self.asked(DiscardedSerializer, request)
        return Response({"count": services.discard_parked(**asked, operator=actor_of(request))})


class EditedCopyView(OperatorView):
    @extend_schema(request=CopySerializer, responses={201: CopiedSerializer}, operation_id="publish_edited_copy")
    def post(self, request: Request) -> Response:
        """Publish a mended copy of a dead event for its subscriber alone, and discard the dead one."""
        asked = self.asked(CopySerializer, request)
        event_id = services.publish_edited_copy(**asked, operator=actor_of(request))
        return Response({"event_id": str(event_id)}, status=201)


class SubscriptionsView(OperatorView):
    @extend_schema(responses=LagSerializer(many=True), operation_id="list_subscriptions")
    def get(self, _request: Request) -> Response:
        """List every subscriber with how far it is behind."""
        return Response(LagSerializer(lags(), many=True).data)

    @extend_schema(request=PausingSerializer, responses={204: None}, operation_id="pause_subscription")
    def patch(self, request: Request) -> Response:
        """Pause a subscriber of this shop before its next event, or let it go on."""
        asked = self.asked(PausingSerializer, request)
        change = services.pause_subscription if asked["paused"] else services.resume_subscription
        change(subscriber=asked["subscriber"], operator=actor_of(request), reason=asked["reason"])
        return Response(status=204)
