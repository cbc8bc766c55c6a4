"""What other apps' lines name: their variants, found in the catalogue."""

from collections.abc import Sequence

from pos.catalogue.goods import unknown_name
from pos.catalogue.queries import Found, Name, Scan, read_scan, variants_asked_for
from web import goods


def find_named(names: Sequence[goods.Name]) -> list[goods.Found | goods.NotFound]:
    """Find the variants that are sold under these barcodes and SKUs."""
    scans = [read_scan(text) if kind == "barcode" else None for kind, text in names]
    asked: list[Name] = [
        ("sku", text) if scan is None else ("barcode", scan.code) for (_, text), scan in zip(names, scans, strict=True)
    ]
    found = variants_asked_for(set(asked))
    return [_named(each, scan, found.get(name)) for each, scan, name in zip(names, scans, asked, strict=True)]


def _named(name: goods.Name, scan: Scan | None, found: Found | None) -> goods.Found | goods.NotFound:
    if found is None:
        return goods.NotFound(code="unknown-variant", detail=unknown_name(*name))
    if scan is not None and scan.is_empty:
        return goods.NotFound(code="barcode-empty", detail=f"the barcode {name[1]} carries nothing: weigh again")
    carried = scan.quantity if scan is not None else None
    return goods.Found(variant_id=found.variant.id, per_scan=found.per_scan if carried is None else carried)
