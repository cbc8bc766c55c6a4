"""What can be asked of receipts."""

import re
from uuid import UUID

from django.db.models import QuerySet

from kernel.limits import SERIES
from kernel.refusals import NotFound
from pos.receipts.models import LETTERS, Receipt
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


def receipts_named(word: str) -> QuerySet[Receipt]:
    """Find receipts by the number that is printed on them, or by that number without its series."""
    if (number := parsed_number(word)) is not None:
        return Receipt.objects.filter(series__in=all_series(), number=number)
    written = _WRITTEN.fullmatch(word)
    if written is None:
        return Receipt.objects.none()
    kind = _KINDS[written["letter"].upper()]
    return Receipt.objects.filter(series=written["series"], kind=kind, number=int(written["number"]))
