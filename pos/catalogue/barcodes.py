"""Barcodes of a variant: put, removed, and free for another one when their variant is not sold any more."""

from collections.abc import Collection, Sequence

from django.db.models import QuerySet

from kernel.gtins import barcode_key
from kernel.refusals import Refusal
from pos.catalogue.clashes import taken_by
from pos.catalogue.models import Barcode, Variant
from pos.profile.queries import current_profile


class BarcodeTaken(Refusal):
    code = "barcode-taken"
    title = "Barcode belongs to another variant"

    def __init__(self, barcode: Barcode) -> None:
        holder = barcode.variant
        of_scale = "" if barcode.kind == Barcode.Kind.PLAIN else " of a scale"
        super().__init__(
            f"barcode {barcode.code}{of_scale} belongs to {holder.sku} ({holder.title}): remove it there first",
            barcode=barcode.code,
            sku=holder.sku,
            variant_id=str(holder.id),
            field="code",
        )


class ScalePrefixUnknown(Refusal):
    """The shop's profile names no such beginning of what its scales print."""

    code = "scale-prefix-unknown"
    title = "Not a code of the shop's scales"
    status = 422


def put_barcodes(
    *, variant: Variant, plain: Sequence[str] | None = None, of_scales: Sequence[tuple[str, str]] | None = None
) -> None:
    """Make these the variant's barcodes, in four statements whatever their number.

    What it has already stays, whoever has a code that is read as it.

    :param plain: all plain ones; None leaves them as they are. :param of_scales: the same for those of scales, with
        their kinds.
    :raises BarcodeTaken: when one belongs to another variant that is sold, or is read as one that does.
    :raises ScalePrefixUnknown: when one is of a scale and begins otherwise than the shop's profile says.
    """
    _require_prefixes([code for code, _ in of_scales or ()])
    codes = [*((code, Barcode.Kind.PLAIN.value) for code in plain or ()), *(of_scales or ())]
    wanted = {barcode_key(code): (code, kind) for code, kind in sorted(codes)}
    kinds = [
        *([Barcode.Kind.PLAIN] if plain is not None else []),
        *([Barcode.Kind.WEIGHT, Barcode.Kind.PRICE] if of_scales is not None else []),
    ]
    held = list(Barcode.objects.filter(variant=variant, kind__in=kinds))
    kept = {row.key for row in held if wanted.get(row.key, ("", ""))[1] == row.kind}
    Barcode.objects.filter(id__in=[row.id for row in held if row.key not in kept]).delete()
    new = [pair for key, pair in wanted.items() if key not in kept]
    rows = [Barcode(code=code, kind=kind, variant=variant) for code, kind in new]
    Barcode.objects.bulk_create(rows, ignore_conflicts=True)
    for taken in _read_as(new):
        if taken.variant_id != variant.id or wanted.get(taken.key, ("", taken.kind))[1] != taken.kind:
            raise BarcodeTaken(taken)


def _require_prefixes(codes: Sequence[str]) -> None:
    if not codes:
        return
    prefixes = current_profile().scale_prefixes
    other = sorted(code for code in codes if code[:2] not in prefixes.split())
    if other:
        printed = f"codes that begin with {prefixes}" if prefixes else "nothing"
        message = f"the scales of this shop print {printed}, not {other[0]}: its profile says which"
        raise ScalePrefixUnknown(message, barcode=other[0])


def holder_of(codes: Sequence[tuple[str, str]], *, other_than: Variant | None) -> Barcode | None:
    """Return the first barcode of another variant that is sold, for which a scan of one of these codes may stand.

    :param codes: with their kinds.
    """
    taken = _read_as(codes)
    return (taken.exclude(variant=other_than) if other_than is not None else taken).first()


def _read_as(codes: Collection[tuple[str, str]]) -> QuerySet[Barcode]:
    found = Barcode.objects.filter(taken_by(codes), live=True).select_related("variant__product")
    return found.order_by("code")
