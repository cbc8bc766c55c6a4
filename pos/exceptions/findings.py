"""What is found to be wrong with a sale while it is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pos.exceptions.models import ExceptionCase

Kind: TypeAlias = ExceptionCase.Kind
Severity: TypeAlias = ExceptionCase.Severity

SEVERITIES: Mapping[str, Severity] = {
    Kind.CLOCK_SKEW: Severity.LOW,
    Kind.PRICE_DRIFT: Severity.MEDIUM,
    Kind.UNAPPROVED_PRICE: Severity.HIGH,
    Kind.TAX_DRIFT: Severity.MEDIUM,
    Kind.NO_PRICE: Severity.MEDIUM,
    Kind.WITHDRAWN_VARIANT: Severity.LOW,
    Kind.UNKNOWN_VARIANT: Severity.HIGH,
    Kind.NO_SHIFT: Severity.MEDIUM,
    Kind.LATE_ORDER: Severity.MEDIUM,
    Kind.SEQUENCE_REUSED: Severity.HIGH,
    Kind.CART_FORKED: Severity.HIGH,
    Kind.QUARANTINED: Severity.HIGH,
}


@dataclass
class Findings:
    """Findings by kind: a command has one of each at most.

    :param is_paid: whether the sale is accepted with them; else the caller refuses it.
    """

    is_paid: bool = True
    by_kind: dict[Kind, dict[str, Any]] = field(default_factory=dict)

    def note(self, kind: Kind, **payload: Any) -> None:
        self.by_kind[kind] = payload

    def note_line(self, kind: Kind, **line: Any) -> None:
        """Add a line to those that are wrong in the same way."""
        self.by_kind.setdefault(kind, {"lines": []})["lines"].append(line)
