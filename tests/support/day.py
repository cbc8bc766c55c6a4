"""A shift at a till, through the API."""

from typing import Any

from kernel.ids import new_id
from tests.support import make
from tests.support.terminal import Terminal


def opened(till: Terminal, float_amount: int = 10000) -> str:
    """Open a shift, and return its id."""
    answer = till.post("/shifts", {"id": str(new_id()), "float_amount": {"amount": float_amount}})
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["id"])


def sold(till: Terminal, amount: int = 1000, *, type_: str = "cash", **more: Any) -> dict[str, Any]:
    """Sell a mug, paid with an amount; return the order."""
    answer = till.post("/orders", make.order_body(tenders=[{"type": type_, "amount": {"amount": amount}}], **more))
    assert answer.status_code == 201, answer.json()
    order: dict[str, Any] = answer.json()
    return order


def moved(till: Terminal, shift: str, kind: str, amount: int = 0, **more: Any) -> Any:
    body = {"id": str(new_id()), "kind": kind, "reason_code": "TEST", **more}
    if amount:
        body["amount"] = {"amount": amount}
    return till.post(f"/shifts/{shift}/cash-movements", body)


def closed(till: Terminal, shift: str, cash: int, *, key: str | None = None, **more: Any) -> Any:
    """Close a shift by its cash; return the answer."""
    counts = [{"tender_type": "cash", "amount": {"amount": cash}}]
    return till.post(f"/shifts/{shift}/close", {"counts": counts, **more}, key=key)


def counted(answer: Any, type_: str = "cash") -> tuple[int, int, int]:
    """Return what was expected, counted and over or short of a tender type."""
    (count,) = [each for each in answer.json()["counts"] if each["tender_type"] == type_]
    return tuple(count[name]["amount"] for name in ("expected", "counted", "over_short"))  # type: ignore[return-value]
