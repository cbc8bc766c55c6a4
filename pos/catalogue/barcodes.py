"""Barcodes of a variant: put, removed, and free for another one when their variant is not sold any more."""

from collections.abc import Collection, Sequence

from kernel.gtins import barcode_key
from kernel.refusals import Refusal
from pos.catalogue.models import Barcode, Variant
from pos.profile.queries import current_profile


class BarcodeTaken(Refusal):
    code = "barcode-taken"
    title = "Barcode belongs to another variant"

    def __init__(self, barcode: Barcode) -> None:
        holder = barcode.variant
        super().__init__(
            f"barcode {barcode.code} belongs to {holder.sku} ({holder.title}): remove it there first",
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


def put_barcodes(*, variant: Variant, codes: Sequence[tuple[str, str]], plain: bool) -> None:
    """Make these the variant's barcodes, the plain ones or those of scales, in four statements whatever their number.

    :param codes: with their kinds.
    :raises BarcodeTaken: when one belongs to another variant that is sold.
    :raises ScalePrefixUnknown: when one is of a scale and begins otherwise than the shop's profile says.
    """
    if not plain:
        _require_prefixes([code for code, _ in codes])
    wanted = {barcode_key(code): (code, kind) for code, kind in sorted(codes)}
    held = Barcode.objects.filter(variant=variant)
    held = held.filter(kind=Barcode.Kind.PLAIN) if plain else held.exclude(kind=Barcode.Kind.PLAIN)
    gone = [row.id for row in held if row.key not in wanted or wanted[row.key][1] != row.kind]
    Barcode.objects.filter(id__in=gone).delete()
    Barcode.objects.bulk_create(
        [Barcode(code=code, kind=kind, variant=variant) for code, kind in wanted.values()], ignore_conflicts=True
    )
    taken = holder_of(list(wanted), other_than=variant)
    if taken is not None:
        raise BarcodeTaken(taken)


def _require_prefixes(codes: Sequence[str]) -> None:
    prefixes = current_profile().scale_prefixes
    other = sorted(code for code in codes if code[:2] not in prefixes.split())
    if other:
        printed = f"codes that begin with {prefixes}" if prefixes else "nothing"
        message = f"the scales of this shop print {printed}, not {other[0]}: its profile says which"
        raise ScalePrefixUnknown(message, barcode=other[0])


def holder_of(keys: Collection[str], *, other_than: Variant | None) -> Barcode | None:
    """Return the first of these barcodes that another variant has, which is sold.

    :param keys: what the codes are compared by.
    """
    taken = Barcode.objects.filter(key__in=keys, live=True).select_related("variant__product")
    taken = taken.exclude(variant=other_than) if other_than is not None else taken
    return taken.order_by("code").first()
