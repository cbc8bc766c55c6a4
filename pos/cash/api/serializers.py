"""How drawers, shifts, movements and counts are shown."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from pos.cash.models import CashCount, CashMovement, Shift, ShiftAmendment
from pos.registers.models import CashDrawer, Register
from web.money import MoneyField, money


class DrawerRegisterSerializer(serializers.ModelSerializer[Register]):
    class Meta:
        model = Register
        fields = ("id", "code", "name")


class DrawerSerializer(serializers.ModelSerializer[CashDrawer]):
    registers = DrawerRegisterSerializer(many=True, read_only=True)

    class Meta:
        model = CashDrawer
        fields = ("id", "name", "location_id", "series", "registers")


class CountedSerializer(serializers.Serializer[Any]):
    """Of one tender type; all cash is counted under one. Null is what was not counted."""

    tender_type = serializers.CharField()
    expected = MoneyField(read_only=True)
    counted = MoneyField(read_only=True, allow_null=True)
    over_short = MoneyField(read_only=True, allow_null=True)


class SightedMoneyField(MoneyField):
    """Null for who must count blind."""

    def __init__(self) -> None:
        super().__init__(read_only=True, allow_null=True, help_text="Null for who must count blind")

    def to_representation(self, value: Any) -> Any:
        return None if self.context.get("blind") else super().to_representation(value)


class AmendmentSerializer(serializers.ModelSerializer[ShiftAmendment]):
    grand_total = SightedMoneyField()

    class Meta:
        model = ShiftAmendment
        fields = ("id", "number", "receipt_id", "grand_total", "recorded_at")


@extend_schema_serializer(deprecate_fields=["register"])
class ShiftSerializer(serializers.ModelSerializer[Shift]):
    """What was expected and counted is shown once the shift is closed, to who may see it."""

    float_amount = MoneyField(read_only=True)
    grand_total = SightedMoneyField()
    counts = serializers.SerializerMethodField()
    amendments = AmendmentSerializer(many=True, read_only=True)

    class Meta:
        model = Shift
        fields = (
            "id", "drawer_id", "number", "register_id", "register", "state", "float_amount", "business_date",
            "opened_at", "opened_by", "closed_at", "closed_by", "note", "counts", "grand_total", "receipt_id",
            "amendments",
        )  # fmt: skip

    @extend_schema_field(CountedSerializer(many=True, allow_null=True))
    def get_counts(self, shift: Shift) -> Any:
        if shift.expected is None or self.context.get("blind"):
            return None
        currency = self.context["currency"]
        return [
            {
                "tender_type": type_,
                "expected": money(amount, currency),
                "counted": _given(shift.counted, type_, currency),
                "over_short": _given(shift.over_short, type_, currency),
            }
            for type_, amount in shift.expected.items()
        ]


def _given(amounts: dict[str, int] | None, type_: str, currency: str) -> dict[str, Any] | None:
    return money(amounts[type_], currency) if amounts and type_ in amounts else None


class CashMovementSerializer(serializers.ModelSerializer[CashMovement]):
    """`amount` is below zero for what was taken out."""

    amount = MoneyField(read_only=True)

    class Meta:
        model = CashMovement
        fields = (
            "id", "shift_id", "register_id", "kind", "amount", "source_id", "reason_code", "note", "staff_id",
            "approval_id", "receipt_id", "business_date", "occurred_at",
        )  # fmt: skip


class DenominationSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField()
    count = serializers.IntegerField()


class CashCountSerializer(serializers.ModelSerializer[CashCount]):
    """`expected` and `over_short` are null for who must count blind."""

    counted = MoneyField(read_only=True)
    expected = serializers.SerializerMethodField()
    over_short = serializers.SerializerMethodField()
    denominations = DenominationSerializer(many=True, read_only=True, allow_null=True)

    class Meta:
        model = CashCount
        fields = (
            "id", "shift_id", "register_id", "counted", "expected", "over_short", "denominations", "staff_id",
            "recorded_at",
        )  # fmt: skip

    @extend_schema_field(MoneyField(read_only=True, allow_null=True))
    def get_expected(self, count: CashCount) -> Any:
        return None if self.context.get("blind") else money(count.expected, self.context["currency"])

    @extend_schema_field(MoneyField(read_only=True, allow_null=True))
    def get_over_short(self, count: CashCount) -> Any:
        return None if self.context.get("blind") else money(count.counted - count.expected, self.context["currency"])
