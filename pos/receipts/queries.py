"""What can be asked of receipts."""

import re
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from kernel.limits import SERIES
from kernel.refusals import NotFound
from pos.receipts.models import LETTERS, TOTAL, WITH_TOTAL, Receipt
from pos.registers.queries import LONGEST_NUMBER, all_series, parsed_number

_KINDS = {letter: kind for kind, letter in LETTERS.items()}
_WRITTEN = re.compile(
    rf"(?P<series>.{{1,{SERIES}}})-(?P<letter>[{''.join(_KINDS)}]?)(?P<number>[0-9]{{1,{LONGEST_NUMBER}}})",
    re.ASCII | re.IGNORECASE,
)


def find_receipt(receipt_id: UUID) -> Receipt:
    """:raises NotFound: when there is no such receipt."""
    receipt = Receipt.objects.filter(id=receipt_id).first()
    if receipt is None:
        message = f"no receipt {receipt_id} exists"
        raise NotFound(message)
    return receipt


def receipts_matching(
    *, kind: str, number: int | None, issued_from: datetime | None, issued_before: datetime | None, total: int | None
) -> QuerySet[Receipt]:
    """Find receipts of a kind, a number, a period, a total: only those of orders and returns have one."""
    found = Receipt.objects.all()
    if kind:
        found = found.filter(kind=kind)
    if number is not None:
        found = found.filter(series__in=all_series(), kind__in=Receipt.Kind.values, number=number)
    if issued_from is not None:
        found = found.filter(issued_at__gte=issued_from)
    if issued_before is not None:
        found = found.filter(issued_at__lt=issued_before)
    if total is not None:
        found = found.alias(total=TOTAL).filter(kind__in=WITH_TOTAL, total=total)
    return found


def receipts_named(word: str) -> QuerySet[Receipt]:
    """Find receipts by the number that is printed on them, or by that number without its series."""
    if (number := parsed_number(word)) is not None:
        return Receipt.objects.filter(series__in=all_series(), number=number)
    return receipts_written(word)


def receipts_written(text: str) -> QuerySet[Receipt]:
    """Return the receipt with the number that is printed on it, in whatever letters it was typed."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return Receipt.objects.none()
    kind = _KINDS[written["letter"].upper()]
    typed = [each for each in all_series() if each.upper() == written["series"].upper()]
    return Receipt.objects.filter(series__in=typed, kind=kind, number=int(written["number"]))
