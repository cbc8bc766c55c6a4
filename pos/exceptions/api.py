"""The inbox: exceptions to look at, commands that are held, and what of a device has not arrived."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from kernel.refusals import NotFound
from pos.exceptions.models import ExceptionCase
from pos.exceptions.queries import Arrived, exceptions_matching, sequence_of
from pos.exceptions.services.cases import ExceptionResolvedBefore, resolve_case
from pos.registers.authentication import device_of
from staff.duty.permitting import REFUSALS as NOT_PERMITTED
from web.commands import ApprovableBody, command_of
from web.errors import ApiProblem
from web.fields import Choice, Text
from web.inputs import Query
from web.operations import operation
from web.pages import Pages
from web.scopes import ORDERS_READ, actor_of


class ExceptionQuery(Query):
    resolved = serializers.BooleanField(required=False, help_text="Left out: all of them")
    kind = Choice(ExceptionCase.Kind.values, required=False)
    severity = Choice(ExceptionCase.Severity.values, required=False)
    order_id = serializers.UUIDField(required=False)


class ResolveBody(ApprovableBody):
    note = Text(limits.NOTE, help_text="What was done about it", lines=True)


class ExceptionSerializer(serializers.ModelSerializer[ExceptionCase]):
    order_id = serializers.UUIDField(source="command_id", read_only=True)
    payload = serializers.SerializerMethodField(help_text="By how much it was wrong; amounts are minor units")

    class Meta:
        model = ExceptionCase
        fields = (
            "id", "kind", "severity", "order_id", "register_id", "device_id", "payload", "opened_at", "resolved_at",
            "resolved_by", "staff_id", "note",
        )  # fmt: skip

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_payload(self, case: ExceptionCase) -> Any:
        return case.payload


class HoleSerializer(serializers.Serializer[Any]):
    first = serializers.IntegerField()
    last = serializers.IntegerField()


class SequenceSerializer(serializers.Serializer[Arrived]):
    last = serializers.IntegerField(help_text="The highest that has arrived; 0 before the first")
    missing = serializers.IntegerField(help_text="How many below it have not arrived")
    holes = HoleSerializer(many=True, help_text="Where they are, the lowest first, at most 100; both ends are missing")


class ExceptionListView(generics.GenericAPIView[ExceptionCase]):
    queryset = ExceptionCase.objects.none()
    serializer_class = ExceptionSerializer
    pagination_class = Pages

    @operation(
        "list_exceptions",
        query=ExceptionQuery,
        answers=ExceptionSerializer(many=True),
        paged=True,
        scopes=[ORDERS_READ],
    )
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List what was wrong with sales that were accepted, or are held."""
        page = self.paginate_queryset(exceptions_matching(**asked))
        return self.get_paginated_response(ExceptionSerializer(page, many=True).data)


class ExceptionResolveView(APIView):
    @operation(
        "resolve_exception",
        body=ResolveBody,
        answers={200: ExceptionSerializer},
        refuses=[NotFound, ExceptionResolvedBefore, *NOT_PERMITTED],
        keyed=True,
        example={"note": "The clock of the till is set right"},
    )
    def post(self, request: Request, asked: dict[str, Any], exception_id: UUID) -> Response:
        """Note that somebody looked at an exception, and what was done about it."""
        with claimed(request, "exceptions") as claim:
            if claim.is_new:
                case = resolve_case(
                    exception_id=exception_id,
                    by=actor_of(request),
                    command=command_of(request, asked, exception_id),
                    note=asked["note"],
                    now=timezone.now(),
                )
                claim.answer(ExceptionSerializer(case).data)
        return claim.response


class DeviceSequenceView(APIView):
    @operation("get_device_sequence", answers=SequenceSerializer)
    def get(self, request: Request) -> Response:
        """Say which of the terminal's own sequence numbers have arrived, and which it has yet to send."""
        device = device_of(request)
        if device is None:
            raise ApiProblem(403, "permission-denied", "Only a paired terminal has a sequence.")
        return Response(SequenceSerializer(sequence_of(device.id)).data)
