"""What can be asked of receipts."""

from uuid import UUID

from django.db.models import QuerySet

from kernel.refusals import NotFound
from pos.receipts.models import Receipt
from pos.registers.queries import all_series, parsed_number, parsed_receipt


def find_receipt(receipt_id: UUID) -> Receipt:
    """:raises NotFound: when there is no such receipt."""
    receipt = Receipt.objects.filter(id=receipt_id).first()
    if receipt is None:
        message = f"no receipt {receipt_id} exists"
        raise NotFound(message)
    return receipt


def receipts_named(word: str) -> QuerySet[Receipt]:
    """Find receipts by the number that is printed on them, or by that number without its series."""
    if (number := parsed_number(word)) is not None:
        return Receipt.objects.filter(series__in=all_series(), number=number)
    series, returned, number = parsed_receipt(word) or ("", False, 0)
    kind = Receipt.Kind.RETURN if returned else Receipt.Kind.ORDER
    return Receipt.objects.filter(series=series, kind=kind, number=number)
