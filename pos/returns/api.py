"""Returns: of an order's lines, or of goods without a receipt."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import Claim, claimed
from kernel import limits
from kernel.bounds import NumberTooLarge
from kernel.ids import new_id
from kernel.refusals import NotFound, Refusal
from pos.cash.services import ShiftNotOpen
from pos.catalogue.goods import LinesInvalid
from pos.orders.bodies import RefundBody
from pos.orders.models import Refund
from pos.orders.receiving import CLOCK, clock_offset
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput, RefundMismatch, owed
from pos.orders.services.refusals import CurrencyMismatch
from pos.registers.authentication import device_of, register_of
from pos.returns.lines import RefundExceedsQuantity, ReturnLineInput
from pos.returns.models import Return, ReturnLine
from pos.returns.queries import lines_of_return, returns, returns_matching
from pos.returns.quotes import quote_return
from pos.returns.services import OrderNotCompleted, ReturnAboveLimit, ReturnExists, complete_return
from staff.duty.permitting import REFUSALS
from web.commands import ApprovableBody, command_of
from web.fields import QuantityField, ReceiptName, ReportedMomentField, Text, UUIDv7Field, WholeNumber
from web.finding import DocumentQuery
from web.inputs import Body
from web.money import InOwnCurrency, MoneyField, UnitPriceField, money
from web.operations import operation
from web.pages import RecordedPages
from web.scopes import ORDERS_READ, ORDERS_WRITE, PAYMENTS_WRITE


class ReturnLineBody(Body):
    """With an order: `order_line_id`. Without: `sku`, or `description` and `tax_name`; and its `unit_price`."""

    renamed = {"tax_rate": "tax_name"}

    id = UUIDv7Field(required=False)
    order_line_id = serializers.UUIDField(required=False)
    sku = Text(limits.CODE, optional=True)
    description = Text(limits.TITLE, optional=True)
    unit_price = UnitPriceField(required=False, help_text="Of goods without a receipt, which need one")
    tax_name = Text(limits.TAX_NAME, optional=True, source="tax_rate", help_text="Of a service: the tax rate's name")
    quantity = QuantityField()
    restock = serializers.BooleanField(default=True, help_text="Whether the goods can be sold again")
    reason_code = Text(
        limits.SHORT_CODE, optional=True, help_text="Why, in a code of the shop: reports of refunds add up by it"
    )


class ReturnedBody(Body):
    order_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    lines = ReturnLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for line in attrs["lines"]:
            if attrs["order_id"] and "order_line_id" not in line:
                raise serializers.ValidationError("Every line of a return with an order names its order_line_id.")
            if not attrs["order_id"] and "order_line_id" in line:
                raise serializers.ValidationError("An order_line_id needs the order_id.")
        return attrs


class ReturnBody(ReturnedBody):
    id = UUIDv7Field()
    reason = Text(limits.REASON, optional=True)
    reason_code = Text(limits.SHORT_CODE, optional=True, help_text="Of the lines that name none")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        code = attrs.pop("reason_code", "")
        for line in attrs["lines"]:
            line["reason_code"] = line.get("reason_code") or code
        return super().validate(attrs)


class PaidBackBody(Body):
    refund_to = Text(
        limits.SHORT_CODE,
        default="cash",
        help_text="For a return without an order and without `refunds`: a tender type",
    )
    refunds = RefundBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]


class CompleteReturnBody(ApprovableBody, PaidBackBody, ReturnBody):
    occurred_at = ReportedMomentField()


class QuoteReturnBody(PaidBackBody, ReturnedBody):
    """As of a return, but for its id, its reason and its time."""


class ReturnedTaxSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    rate = serializers.CharField()
    inclusive = serializers.BooleanField()
    base = MoneyField(read_only=True)
    amount = MoneyField(read_only=True)


@extend_schema_serializer(deprecate_fields=["order_line"])
class ReturnLineSerializer(serializers.ModelSerializer[ReturnLine]):
    unit_price = UnitPriceField(read_only=True, allow_null=True)
    taxes = ReturnedTaxSerializer(many=True, read_only=True, allow_null=True)
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)

    class Meta:
        model = ReturnLine
        fields = (
            "id", "order_line_id", "order_line", "variant_id", "sku", "description", "quantity", "unit_price",
            "restock", "reason_code", "taxes", "tax_total", "total",
        )  # fmt: skip


class QuotedReturnSerializer(InOwnCurrency, serializers.ModelSerializer[Return]):
    tax_total = MoneyField(read_only=True)
    rounding_adjustment = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    lines = ReturnLineSerializer(many=True, read_only=True)

    class Meta:
        model = Return
        fields = ("order_id", "currency", "tax_total", "rounding_adjustment", "total", "lines")


@extend_schema_serializer(deprecate_fields=["tender"])
class RefundSerializer(serializers.ModelSerializer[Refund]):
    type = serializers.CharField(source="type.code", read_only=True)
    amount = MoneyField(read_only=True)

    class Meta:
        model = Refund
        fields = ("id", "tender_id", "tender", "type", "amount", "state", "failure", "reference", "instead_of_id")


@extend_schema_serializer(deprecate_fields=["order", "register"])
class ReturnSerializer(InOwnCurrency, serializers.ModelSerializer[Return]):
    tax_total = MoneyField(read_only=True)
    rounding_adjustment = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    owed = serializers.SerializerMethodField(help_text="What was refused and is not paid in another way yet")
    lines = ReturnLineSerializer(many=True, read_only=True)
    refunds = RefundSerializer(many=True, read_only=True)

    class Meta:
        model = Return
        fields = (
            "id", "order_id", "register_id", "order", "register", "receipt", "number", "receipt_id", "currency",
            "tax_total", "rounding_adjustment", "total", "owed", "reason", "exchange_order_id", "occurred_at", "lines",
            "refunds",
        )  # fmt: skip

    @extend_schema_field(MoneyField(read_only=True))
    def get_owed(self, returned: Return) -> dict[str, Any]:
        return money(owed(returned.refunds.all()), returned.currency)


class ReturnQuery(DocumentQuery):
    receipt = ReceiptName("R1-R000007")
    number = WholeNumber(required=False, max_value=limits.LARGEST_NUMBER, help_text="Of whatever register")
    order_id = serializers.UUIDField(required=False)


class ReturnPages(RecordedPages):
    nested = lines_of_return()
    most_nested = limits.MOST_LINES_ON_PAGE


A_MUG = {
    "id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02",
    "occurred_at": "2026-11-23T12:05:00Z",
    "lines": [{"sku": "MUG-01", "unit_price": {"amount": 1250, "currency": "EUR"}, "quantity": "1"}],
    "reason": "A crack in the handle",
    "refunds": [{"type": "cash"}],
}


QUOTE_REFUSES: tuple[type[Refusal], ...] = (
    ShiftNotOpen,
    NotFound,
    OrderNotCompleted,
    ReturnAboveLimit,
    RefundExceedsQuantity,
    LinesInvalid,
    CurrencyMismatch,
)
REFUSES: tuple[type[Refusal], ...] = (
    ReturnExists,
    *QUOTE_REFUSES,
    RefundExceedsPaid,
    RefundMismatch,
    NotRefundable,
    *REFUSALS,
)
REFUSED_UNLESS_MADE: tuple[type[Refusal], ...] = (*REFUSES, NumberTooLarge)


class ReturnListView(generics.GenericAPIView[Return]):
    queryset = Return.objects.none()
    serializer_class = ReturnSerializer
    pagination_class = ReturnPages

    @operation(
        "complete_return",
        body=CompleteReturnBody,
        answers={201: ReturnSerializer},
        refuses=REFUSES,
        keyed=True,
        scopes=[ORDERS_WRITE, PAYMENTS_WRITE],
        at="register",
        parameters=[CLOCK],
        example=A_MUG,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take goods back and give their money back.

        With an order it goes to the tenders that paid, none more than it paid: to those that `refunds` name, or to the
        first one first. A refund through the gateway is `PENDING` until that answers; one that it refuses is `FAILED`
        and owed, see `replace_refund`.
        """
        lines, now = asked_lines(asked), timezone.now()
        try:
            with claimed(request, "returns") as claim:
                if claim.is_new:
                    command = command_of(request, asked)
                    returned = complete_return(
                        **{**asked, "lines": lines, "refunds": [RefundInput(**each) for each in asked["refunds"]]},
                        register=register_of(request),
                        device=device_of(request),
                        clock_offset=clock_offset(request, now),
                        now=now,
                        fingerprint=claim.fingerprint,
                        command=command,
                    )
                    claim.answer(ReturnSerializer(returned).data, status=201)
        except REFUSED_UNLESS_MADE as refusal:
            _answer_again(claim, asked["id"], refusal)
        return claim.response

    @operation("list_returns", query=ReturnQuery, answers=ReturnSerializer(many=True), paged=True, scopes=[ORDERS_READ])
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List the shop's returns, all of them or those that are looked for, the earliest first.

        Their order and their pages are those of orders.
        """
        page = self.paginate_queryset(returns_matching(**asked))
        return self.get_paginated_response(ReturnSerializer(page, many=True).data)


class ReturnQuoteView(APIView):
    @operation(
        "quote_return",
        body=QuoteReturnBody,
        answers={200: QuotedReturnSerializer},
        refuses=QUOTE_REFUSES,
        scopes=[ORDERS_READ],
        at="register",
        without_staff=True,
        example={"lines": A_MUG["lines"]},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Say what a return would give back, line by line: priced as it would be, and nothing is written."""
        quoted = quote_return(
            register=register_of(request),
            order_id=asked["order_id"],
            lines=asked_lines(asked),
            refund_to=asked["refund_to"],
            refunds=[RefundInput(**each) for each in asked["refunds"]],
            now=timezone.now(),
        )
        return Response(QuotedReturnSerializer(quoted).data)


def asked_lines(asked: dict[str, Any]) -> list[ReturnLineInput]:
    return [ReturnLineInput(**{"id": new_id(), **line}) for line in asked["lines"]]


def _answer_again(claim: Claim, return_id: UUID, refusal: Refusal) -> None:
    """Answer the return that exists, where this request is the one that made it; what it is refused for came later."""
    returned = returns().filter(id=return_id).first()
    if returned is None:
        raise refusal
    if returned.fingerprint != claim.fingerprint:
        raise ReturnExists(return_id) from refusal
    claim.answer_again(ReturnSerializer(returned).data, status=201)


class ReturnView(APIView):
    @operation("get_return", answers=ReturnSerializer, scopes=[ORDERS_READ])
    def get(self, _request: Request, return_id: UUID) -> Response:
        return Response(ReturnSerializer(generics.get_object_or_404(returns(), id=return_id)).data)
