"""Documents of all kinds, looked for in one list."""

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import limits
from pos.finding.queries import receipts_found
from pos.receipts.models import WITH_TOTAL, Receipt
from web.fields import Choice, ReceiptName, WholeNumber
from web.finding import DocumentQuery
from web.money import MoneyField, money
from web.operations import operation
from web.pages import Pages
from web.scopes import RECEIPTS_READ


class FoundReceiptsQuery(DocumentQuery):
    receipt = ReceiptName("R1-000018")
    number = WholeNumber(required=False, max_value=limits.LARGEST_NUMBER, help_text="Of whatever series and kind")
    kind = Choice(Receipt.Kind.values, required=False)


class Head(msgspec.Struct, frozen=True):
    """What a list shows of a snapshot. :param total: an amount, of the kinds that come to one."""

    currency: str = ""
    total: Any = None
    training: bool = False


_head = msgspec.json.Decoder(Head)


class FoundReceiptSerializer(serializers.ModelSerializer[Receipt]):
    """`source_id` is the id of the order or the return. `GET /receipts/{id}` shows all of a receipt."""

    receipt = serializers.CharField(source="__str__", read_only=True)
    total = serializers.SerializerMethodField()
    training = serializers.SerializerMethodField()

    class Meta:
        model = Receipt
        fields = (
            "id", "kind", "series", "number", "receipt", "source_id", "total", "training", "print_count", "issued_at",
            "hash",
        )  # fmt: skip

    @extend_schema_field(MoneyField(read_only=True, allow_null=True))
    def get_total(self, receipt: Receipt) -> Any:
        head = _head.decode(receipt.snapshot)
        return money(head.total, head.currency) if receipt.kind in WITH_TOTAL else None

    @extend_schema_field(serializers.BooleanField())
    def get_training(self, receipt: Receipt) -> bool:
        return _head.decode(receipt.snapshot).training


class ReceiptPages(Pages):
    """In the order of their ids, or of when they were issued, where that is asked for."""

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> Any:
        by_time = {"recorded_from", "recorded_before"} & set(request.query_params)
        return ("issued_at", "id") if by_time else super().get_ordering(request, queryset, view)


class ReceiptListView(generics.GenericAPIView[Receipt]):
    queryset = Receipt.objects.none()
    serializer_class = FoundReceiptSerializer
    pagination_class = ReceiptPages

    @operation(
        "list_receipts",
        query=FoundReceiptsQuery,
        answers=FoundReceiptSerializer(many=True),
        paged=True,
        scopes=[RECEIPTS_READ],
    )
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List the shop's receipts of all kinds, all of them or those that are looked for, the earliest first.

        They are in the order of their ids, or of when they were issued where a period is asked for.
        """
        page = self.paginate_queryset(receipts_found(**asked))
        return self.get_paginated_response(FoundReceiptSerializer(page, many=True).data)
