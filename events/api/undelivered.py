"""Operators on the API: undelivered outgoing calls, to look at and to send again."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.operations import undelivered
from kernel import limits
from kernel.refusals import NotFound
from web.fields import Text
from web.inputs import Body, Query
from web.operations import operation
from web.scopes import EVENTS_OPERATE, actor_of, require_scope


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


class UndeliveredCallsQuery(Query):
    kind = Text(limits.TYPE_NAME, optional=True)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)


class SendAgainBody(Body):
    """One by `id`, those of a kind by `kind`; neither means all."""

    id = serializers.UUIDField(default=None, allow_null=True)
    kind = Text(limits.TYPE_NAME, optional=True)
    reason = Text(limits.LONG_REASON, optional=True)


class SentAgainSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class UndeliveredCallsView(APIView):
    permission_classes = [require_scope(EVENTS_OPERATE)]

    @operation(
        "list_undelivered_calls", query=UndeliveredCallsQuery, answers=UndeliveredCallsSerializer, refuses=[NotFound]
    )
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List the mails, charges and refunds that are out of attempts or were refused, grouped and one by one."""
        shown = {"groups": undelivered.groups(), "calls": undelivered.list_calls(**asked)}
        return Response(UndeliveredCallsSerializer(shown).data)


class SendAgainView(APIView):
    permission_classes = [require_scope(EVENTS_OPERATE)]

    @operation(
        "send_calls_again",
        body=SendAgainBody,
        answers=SentAgainSerializer,
        refuses=[NotFound],
        example={"kind": "notifications.mail", "reason": "The mail server is back"},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Make calls again under their keys, now and with fresh attempts; with `kind` or for all, those that wait as
        well, and none that was refused for good.
        """
        outgoing_id = asked.pop("id")
        count = undelivered.send_again(outgoing_id=outgoing_id, operator=actor_of(request), **asked)
        return Response({"count": count})
