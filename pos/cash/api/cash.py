"""Cash that is moved, and cash that is counted, in an open shift."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from kernel.refusals import NotFound
from pos.cash.api.serializers import CashCountSerializer, CashMovementSerializer
from pos.cash.models import CashMovement
from pos.cash.queries import find_shift, movements_of
from pos.cash.services import ShiftNotOpen
from pos.cash.services.counts import CountInput, CountInvalid, cash_type, count_cash
from pos.cash.services.movements import MovementExists, MovementInput, MovementInvalid, move_cash
from pos.receipts.reports import Denomination
from pos.registers.authentication import register_of, sees_over_short
from staff.duty.permitting import REFUSALS
from web.commands import ApprovableBody, command_of
from web.fields import Text, UUIDv7Field
from web.inputs import Body
from web.money import MoneyField
from web.operations import operation
from web.scopes import PAYMENTS_READ

KINDS = [CashMovement.Kind.PAID_IN, CashMovement.Kind.PAID_OUT, CashMovement.Kind.PICKUP, CashMovement.Kind.NO_SALE,
         CashMovement.Kind.CORRECTION]  # fmt: skip
MOST_DENOMINATIONS = 100


class MoveCashBody(ApprovableBody):
    """`amount` has no sign, and is left out for NO_SALE and CORRECTION; a correction names what it `corrects`."""

    id = UUIDv7Field()
    kind = serializers.ChoiceField([(kind.value, kind.label) for kind in KINDS])
    amount = MoneyField(required=False, default=int)
    reason_code = Text(limits.SHORT_CODE, optional=True, help_text="Needed for all kinds but PICKUP and CORRECTION")
    note = Text(limits.NOTE, optional=True)
    corrects = serializers.UUIDField(required=False, help_text="Of a CORRECTION: the movement that is taken back")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["kind"] == CashMovement.Kind.CORRECTION) != ("corrects" in attrs):
            msg = "A CORRECTION, and nothing else, names the movement that it corrects."
            raise serializers.ValidationError(msg)
        return attrs


class NoSaleBody(ApprovableBody):
    id = UUIDv7Field()
    reason_code = Text(limits.SHORT_CODE)
    note = Text(limits.NOTE, optional=True)


class DenominationBody(Body):
    value = serializers.IntegerField(min_value=1, max_value=limits.LARGEST_AMOUNT, help_text="In minor units")
    count = serializers.IntegerField(min_value=0, max_value=1_000_000)


def denominations_field(**options: Any) -> Any:
    return DenominationBody(many=True, required=False, max_length=MOST_DENOMINATIONS, **options)  # type: ignore[call-arg]


class SpotCountBody(ApprovableBody):
    """What was counted: `amount`, `denominations`, or both, which then agree."""

    id = UUIDv7Field()
    amount = MoneyField(required=False)
    denominations = denominations_field()


def read_count(asked: dict[str, Any], *, type_: str) -> CountInput:
    return CountInput(
        type=type_,
        amount=asked.get("amount"),
        denominations=[Denomination(**each) for each in asked.get("denominations", ())],
    )


def _shown(row: CashMovement) -> Any:
    return CashMovementSerializer(row, context={"currency": row.register.location.currency}).data


class CashMovementsView(APIView):
    @operation(
        "list_cash_movements", answers=CashMovementSerializer(many=True), refuses=[NotFound], scopes=[PAYMENTS_READ]
    )
    def get(self, _request: Request, shift_id: UUID) -> Response:
        """List the cash that was moved in a shift without a sale, the float first."""
        return Response([_shown(row) for row in movements_of(find_shift(shift_id))])

    @operation(
        "move_cash",
        body=MoveCashBody,
        answers={201: CashMovementSerializer},
        refuses=[NotFound, ShiftNotOpen, MovementExists, MovementInvalid, *REFUSALS],
        keyed=True,
        at="register",
        example={
            "id": "019ac8ee-0c10-7b1a-b3d5-90f2a1c4e6d8",
            "kind": "PAID_OUT",
            "amount": {"amount": 2000},
            "reason_code": "PETTY_CASH",
        },
    )
    def post(self, request: Request, asked: dict[str, Any], shift_id: UUID) -> Response:
        """Pay in, pay out, pick up, open the drawer without a sale, or take one of these back."""
        return _moved(request, shift_id, {**asked, "kind": CashMovement.Kind(asked["kind"])})


class NoSaleView(APIView):
    @operation(
        "open_drawer_without_sale",
        body=NoSaleBody,
        answers={201: CashMovementSerializer},
        refuses=[NotFound, ShiftNotOpen, MovementExists, MovementInvalid, *REFUSALS],
        keyed=True,
        at="register",
        example={"id": "019ac8ee-0c10-7b1a-b3d5-90f2a1c4e6d9", "reason_code": "CHANGE"},
    )
    def post(self, request: Request, asked: dict[str, Any], shift_id: UUID) -> Response:
        """Open the drawer without a sale, for a reason."""
        return _moved(request, shift_id, {**asked, "kind": CashMovement.Kind.NO_SALE})


def _moved(request: Request, shift_id: UUID, asked: dict[str, Any]) -> Response:
    with claimed(request, "cash-movements") as claim:
        if claim.is_new:
            command = command_of(request, asked)
            row = move_cash(
                shift_id=shift_id,
                register=register_of(request),
                movement=MovementInput(**asked),
                now=timezone.now(),
                command=command,
            )
            claim.answer(_shown(row), status=201)
    return claim.response


class SpotCountsView(APIView):
    @operation(
        "count_cash",
        body=SpotCountBody,
        answers={201: CashCountSerializer},
        refuses=[NotFound, ShiftNotOpen, CountInvalid, *REFUSALS],
        keyed=True,
        at="register",
        example={
            "id": "019ac8ee-0c10-7b1a-b3d5-90f2a1c4e6da",
            "denominations": [{"value": 5000, "count": 2}, {"value": 1000, "count": 5}],
        },
    )
    def post(self, request: Request, asked: dict[str, Any], shift_id: UUID) -> Response:
        """Count the cash while the shift is open; the difference is noted."""
        register = register_of(request)
        with claimed(request, "spot-counts") as claim:
            if claim.is_new:
                row = count_cash(
                    id=asked["id"],
                    shift_id=shift_id,
                    register=register,
                    count=read_count(asked, type_=cash_type()),
                    now=timezone.now(),
                    command=command_of(request, asked),
                )
                context = {"currency": register.location.currency, "blind": not sees_over_short(request)}
                claim.answer(CashCountSerializer(row, context=context).data, status=201)
        return claim.response
