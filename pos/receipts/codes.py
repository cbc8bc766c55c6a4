"""The QR code of a receipt: its number, as it is printed, so that a scanner finds it."""

import segno

from pos.receipts.reports import Printed


def code_of(snapshot: Printed) -> segno.QRCode:
    return segno.make(snapshot.receipt or str(snapshot.source_id), micro=False, error="m")
