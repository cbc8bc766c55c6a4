"""Barcodes that a scan cannot tell apart."""

from collections.abc import Collection

from django.db.models import Q

from kernel.gtins import barcode_key, parts_of_scale
from pos.catalogue.models import Barcode


def taken_by(codes: Collection[tuple[str, str]]) -> Q:
    """Select the barcodes that are read as one of these: the same ones, and those of a scale that has such a beginning.

    :param codes: with their kinds.
    """
    found = Q(key__in={barcode_key(code) for code, _ in codes})
    begun = {parts[0] for code, kind in codes if kind == Barcode.Kind.PLAIN and (parts := parts_of_scale(code))}
    if begun:
        found |= Q(code__in=begun) & ~Q(kind=Barcode.Kind.PLAIN)
    for code in {code for code, kind in codes if kind != Barcode.Kind.PLAIN}:
        found |= Q(key__range=(f"0{code}000000", f"0{code}999999"), key__regex=r"^\d{14}$", kind=Barcode.Kind.PLAIN)
    return found
