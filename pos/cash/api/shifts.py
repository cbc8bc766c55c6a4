"""Drawers, and their shifts: opened, listed, shown."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel.refusals import NotFound
from pos.cash.api.serializers import DrawerSerializer, ShiftSerializer
from pos.cash.models import Shift
from pos.cash.queries import all_drawers, all_shifts, find_shift
from pos.cash.services import ShiftAlreadyOpen, ShiftNotOpen, open_shift, open_shift_of
from pos.registers.authentication import register_of, sees_over_short
from pos.registers.models import CashDrawer
from staff.duty.permitting import REFUSALS
from web.commands import ApprovableBody, command_of
from web.fields import UUIDv7Field
from web.inputs import Query
from web.money import MoneyField
from web.operations import operation
from web.pages import Pages
from web.scopes import PAYMENTS_READ


class OpenShiftBody(ApprovableBody):
    id = UUIDv7Field()
    float_amount = MoneyField()


class ShiftQuery(Query):
    state = serializers.ChoiceField(Shift.State.choices, required=False)
    drawer = serializers.UUIDField(required=False, help_text="Only those of this drawer")


def shown(shift: Shift, *, blind: bool = False) -> Any:
    """Show a shift, in the currency of its location. :param blind: without what was expected."""
    currency = shift.register.location.currency
    return ShiftSerializer(shift, context={"currency": currency, "blind": blind}).data


class DrawerListView(generics.GenericAPIView[CashDrawer]):
    queryset = all_drawers()
    serializer_class = DrawerSerializer
    pagination_class = Pages

    @operation("list_drawers", answers=DrawerSerializer(many=True), paged=True, scopes=[PAYMENTS_READ])
    def get(self, _request: Request) -> Response:
        """List the cash drawers, each with the registers that share it."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(DrawerSerializer(page, many=True).data)


class NewestFirst(Pages):
    ordering = "-id"


class ShiftListView(generics.GenericAPIView[Shift]):
    queryset = all_shifts().prefetch_related("amendments")
    serializer_class = ShiftSerializer
    pagination_class = NewestFirst

    @operation("list_shifts", query=ShiftQuery, answers=ShiftSerializer(many=True), paged=True, scopes=[PAYMENTS_READ])
    def get(self, request: Request, asked: dict[str, Any]) -> Response:
        """List shifts, the newest first."""
        found = self.get_queryset()
        if "state" in asked:
            found = found.filter(state=asked["state"])
        if "drawer" in asked:
            found = found.filter(drawer=asked["drawer"])
        page = self.paginate_queryset(found)
        blind = not sees_over_short(request)
        return self.get_paginated_response([shown(shift, blind=blind) for shift in page or ()])

    @operation(
        "open_shift",
        body=OpenShiftBody,
        answers={201: ShiftSerializer},
        refuses=[ShiftAlreadyOpen, *REFUSALS],
        keyed=True,
        at="register",
        example={"id": "019ac8ee-0c10-7b1a-b3d5-90f2a1c4e6d7", "float_amount": {"amount": 15000, "currency": "EUR"}},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Open a shift of the drawer in which the cash of the terminal's register goes."""
        register = register_of(request)
        with claimed(request, "shifts") as claim:
            if claim.is_new:
                command = command_of(request, asked)
                shift = open_shift(register=register, now=timezone.now(), command=command, **asked)
                claim.answer(shown(shift), status=201)
        return claim.response


class CurrentShiftView(APIView):
    @operation("get_current_shift", answers=ShiftSerializer, refuses=[ShiftNotOpen], at="register")
    def get(self, request: Request) -> Response:
        """Show the open shift of the drawer of the terminal's register; 409 `shift-not-open` when there is none."""
        return Response(shown(find_shift(open_shift_of(register_of(request)).id)))


class ShiftView(APIView):
    @operation("show_shift", answers=ShiftSerializer, refuses=[NotFound], scopes=[PAYMENTS_READ])
    def get(self, request: Request, shift_id: UUID) -> Response:
        """Show a shift, with what amended it after it was closed."""
        return Response(shown(find_shift(shift_id), blind=not sees_over_short(request)))
