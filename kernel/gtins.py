"""Codes of articles: GTINs in their four lengths, and what scales and shops print themselves.

A GTIN of 8, 12, 13 or 14 digits is the same number with zeros in front of it: UPC-A `012345678905` is EAN-13
`0012345678905`. So GTINs are compared by 14 digits. Digits whose last one is no check digit are no GTIN: they are
compared as they are written, as all other codes are.
"""

import re

LENGTH = 14
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}", re.ASCII)
SCALE_PREFIX = "(?:0[24]|2[0-9])"
"""How codes begin that GS1 leaves to shops: 02, 04, and 20 to 29. A shop says which of them its scales print."""
SCALE_CODE = f"{SCALE_PREFIX}[0-9]{{5}}"
"""What is fixed of a code that a scale prints: such a beginning, and five digits of the article."""
_OF_SCALE = re.compile(rf"0{SCALE_CODE}[0-9]{{6}}", re.ASCII)


def barcode_key(code: str) -> str:
    """Return what a code is compared by. `pos_barcode_key` of the database is the same."""
    return code.rjust(LENGTH, "0") if _GTIN.fullmatch(code) and has_check_digit(code) else code


def has_check_digit(digits: str) -> bool:
    """Say whether the last digit is what GS1 computes of the others."""
    weighed = (int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits.rjust(LENGTH, "0")))
    return sum(weighed) % 10 == 0


def parts_of_scale(code: str) -> tuple[str, int] | None:
    """Take the code of a scale apart: what is fixed, `2112345`, and the five digits of the weight or the price.

    It is an EAN-13, with as many digits as a scanner makes of it: 12 without a zero in front, 14 with one more.
    """
    key = barcode_key(code)
    if not _OF_SCALE.fullmatch(key) or not has_check_digit(key):
        return None
    return key[1:8], int(key[8:13])


def is_misread(code: str) -> bool:
    """Say whether a code has as many digits as a GTIN, and its last one is no check digit."""
    return _GTIN.fullmatch(code) is not None and not has_check_digit(code)
