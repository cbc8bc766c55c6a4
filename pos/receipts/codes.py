"""The QR code of a receipt: its number, as it is printed, so that a scanner finds it."""

import segno

from pos.receipts.snapshot import Snapshot


def code_of(snapshot: Snapshot) -> segno.QRCode:
    return segno.make(snapshot.receipt, micro=False, error="m")
