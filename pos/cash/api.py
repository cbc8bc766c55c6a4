"""Shifts: open one, and see which is open."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from pos.cash.models import Shift, TenderType
from pos.cash.services import ShiftAlreadyOpen, ShiftNotOpen, open_shift, open_shift_of
from pos.registers.authentication import register_of
from pos.registers.models import Register
from web.fields import UUIDv7Field
from web.inputs import Body
from web.money import MoneyField
from web.operations import operation
from web.pages import Pages
from web.scopes import CATALOGUE_READ


class OpenShiftBody(Body):
    id = UUIDv7Field()
    float_amount = MoneyField()


@extend_schema_serializer(deprecate_fields=["register"])
class ShiftSerializer(serializers.ModelSerializer[Shift]):
    float_amount = MoneyField(read_only=True)

    class Meta:
        model = Shift
        fields = ("id", "register_id", "register", "state", "float_amount", "opened_at")


def _shown(shift: Shift, register: Register) -> Any:
    return ShiftSerializer(shift, context={"currency": register.location.currency}).data


class TenderTypeSerializer(serializers.ModelSerializer[TenderType]):
    gives_change = serializers.BooleanField(read_only=True)

    class Meta:
        model = TenderType
        fields = ("id", "code", "name", "kind", "gives_change", "rounding_step")


class TenderTypeListView(generics.GenericAPIView[TenderType]):
    queryset = TenderType.objects.all()
    serializer_class = TenderTypeSerializer
    pagination_class = Pages

    @operation(
        "list_tender_types",
        answers=TenderTypeSerializer(many=True),
        paged=True,
        tagged=True,
        scopes=[CATALOGUE_READ],
    )
    def get(self, _request: Request) -> Response:
        """List the ways to pay."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(TenderTypeSerializer(page, many=True).data)


class ShiftListView(APIView):
    @operation(
        "open_shift",
        body=OpenShiftBody,
        answers={201: ShiftSerializer},
        refuses=[ShiftAlreadyOpen],
        keyed=True,
        at="register",
        example={"id": "019ac8ee-0c10-7b1a-b3d5-90f2a1c4e6d7", "float_amount": {"amount": 15000, "currency": "EUR"}},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Open a shift at the terminal's register."""
        register = register_of(request)
        with claimed(request, "shifts") as claim:
            if claim.is_new:
                shift = open_shift(register=register, now=timezone.now(), **asked)
                claim.answer(_shown(shift, register), status=201)
        return claim.response


class CurrentShiftView(APIView):
    @operation("get_current_shift", answers=ShiftSerializer, refuses=[ShiftNotOpen], at="register")
    def get(self, request: Request) -> Response:
        """Show the open shift of the terminal's register; 409 `shift-not-open` when there is none."""
        register = register_of(request)
        return Response(_shown(open_shift_of(register), register))
