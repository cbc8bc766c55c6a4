"""Orders in currencies without decimals, and with three (AM5, AM6, SH7)."""

import pytest

from pos.models import Order
from tests.support import make
from tests.support.pricing import set_currency
from tests.support.taxing import charge
from tests.support.terminal import Terminal


@pytest.mark.parametrize(
    ("currency", "price", "rate", "total", "tax", "texts"),
    [
        ("JPY", 333, "0.10", 999, 91, ["3 x 333", "999 JPY", "91 JPY"]),
        ("KWD", 1659, "0", 4977, 0, ["3 x 1.659", "4.977 KWD", "0.000 KWD"]),
    ],
)
def test_am5_am6_sh7_a_sale_has_the_decimals_of_its_currency(
    api: Terminal, currency: str, price: int, rate: str, total: int, tax: int, texts: list[str]
) -> None:
    set_currency(currency)
    make.variant("TEA", price)
    charge("Standard, included", rate)
    make.shift()
    lines, tenders = (
        [{"sku": "TEA", "quantity": "3"}],
        [{"type": "cash", "amount": {"amount": total, "currency": currency}}],
    )

    order = api.post("/orders", make.order_body(lines=lines, tenders=tenders)).json()

    receipt = api.get(f"/orders/{order['id']}/receipt").json()["text"]
    assert (order["total"], order["tax_total"]["amount"]) == ({"amount": total, "currency": currency}, tax)
    assert Order.objects.get().currency == currency
    assert [text for text in texts if text not in receipt] == []
