"""A till that sells now, by a clock that may be wrong; what became of the sale."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.models import Device, ExceptionCase, Shift
from tests.support import make
from tests.support.terminal import Terminal

TAXES = [{"name": "VAT 20 %", "code": "VAT", "rate": "0.200000"}]


def shift_of_now() -> Shift:
    """Open a shift an hour ago, at a till whose devices were paired days before."""
    Device.objects.update(paired_at=timezone.now() - timedelta(days=3))
    return open_shift(id=new_id(), register=make.register(), float_amount=0, now=timezone.now() - timedelta(hours=1))


def sale(sold_at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """Return a mug, paid in cash, sold now."""
    return make.order_body(**{"occurred_at": (sold_at or timezone.now()).isoformat(), **more})


def exchange(moment: datetime, **more: Any) -> dict[str, Any]:
    """Return an exchange of a mug without a receipt for two, paid in cash."""
    mug = {"sku": "MUG", "unit_price": {"amount": 1000}, "quantity": "1"}
    return {
        "occurred_at": moment.isoformat(),
        "brought": {"id": str(new_id()), "lines": [mug]},
        "wanted": {"id": str(new_id()), "lines": [{"sku": "MUG", "quantity": "2"}]},
        "tenders": [{"type": "cash", "amount": {"amount": 1000}}],
        **more,
    }


def send(till: Terminal, body: Any, *, clock: timedelta | None = None, key: str = "") -> Any:
    """Send an order. :param clock: how far the device's clock is ahead, where the till says what it shows."""
    headers = {**till.headers, "Idempotency-Key": key or str(new_id())}
    if clock is not None:
        headers["X-Device-Time"] = (timezone.now() + clock).isoformat()
    return till.client.post("/api/v1/orders", body, format="json", headers=headers)


def kinds(answer: Any) -> list[str]:
    """Return the kinds of exceptions with which an order was accepted, having compared them with the inbox."""
    order = answer.json()
    shown = sorted(each["kind"] for each in order["exceptions"])
    rows = ExceptionCase.objects.filter(command_id=order["id"])
    assert sorted(rows.values_list("kind", flat=True)) == shown
    return shown


def snapshot(price: int = 900, **more: Any) -> dict[str, Any]:
    return {"description": "The old mug", "unit_price": {"amount": price}, "taxes": TAXES, **more}
