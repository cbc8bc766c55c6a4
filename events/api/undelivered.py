"""Operators on the API: outgoing calls that came to nothing, to look at and to send again."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events import undelivered
from kernel.api.scopes import EVENTS_OPERATE, actor_of, require_scope


class UndeliveredGroupSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    state = serializers.CharField(help_text="UNKNOWN: out of attempts without an answer. FAILED: refused for good")
    count = serializers.IntegerField()
    error = serializers.CharField(help_text="One of theirs")
    oldest_at = serializers.DateTimeField()
    newest_at = serializers.DateTimeField()


class UndeliveredCallSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    key = serializers.UUIDField(help_text="The idempotency key, the same at every attempt")
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()


class UndeliveredCallsSerializer(serializers.Serializer[Any]):
    groups = UndeliveredGroupSerializer(many=True)
    calls = UndeliveredCallSerializer(many=True)


class UndeliveredCallsQuery(serializers.Serializer[Any]):
    kind = serializers.CharField(default="")
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)


class SendAgainSerializer(serializers.Serializer[Any]):
    """One by `id`, those of a kind by `kind`; neither means all."""

    id = serializers.UUIDField(default=None)
    kind = serializers.CharField(default="", allow_blank=True)
    reason = serializers.CharField(default="", allow_blank=True, max_length=500)


class SentAgainSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class UndeliveredCallsView(APIView):
    permission_classes = [require_scope(EVENTS_OPERATE)]

    @extend_schema(
        parameters=[UndeliveredCallsQuery], responses=UndeliveredCallsSerializer, operation_id="list_undelivered_calls"
    )
    def get(self, request: Request) -> Response:
        """List the mails, charges and refunds that are out of attempts or were refused, grouped and one by one."""
        query = UndeliveredCallsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        shown = {"groups": undelivered.groups(), "calls": undelivered.calls(**query.validated_data)}
        return Response(UndeliveredCallsSerializer(shown).data)


class SendAgainView(APIView):
    permission_classes = [require_scope(EVENTS_OPERATE)]

    @extend_schema(request=SendAgainSerializer, responses=SentAgainSerializer, operation_id="send_calls_again")
    def post(self, request: Request) -> Response:
        """Make calls again under their keys, now and with fresh attempts; with `kind` or for all, those that wait as
        well, and none that was refused for good.
        """
        asked = SendAgainSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        chosen = dict(asked.validated_data)
        outgoing_id = chosen.pop("id")
        count = undelivered.send_again(outgoing_id=outgoing_id, operator=actor_of(request), **chosen)
        return Response({"count": count})
