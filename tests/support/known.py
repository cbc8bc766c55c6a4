"""Values that the shop of the contract's tests has, put into generated requests: many of them then get to the services."""

from dataclasses import dataclass
from random import Random
from typing import Any

from kernel.ids import new_id

HOST = "http://north.localhost"
LIKELIHOOD = 0.6


@dataclass(frozen=True, kw_only=True)
class Known:
    variant_id: str
    order_ids: list[str]
    order_line_id: str
    return_id: str
    endpoint_id: str
    terminal: str
    key: str

    def authorization(self, security: list[dict[str, Any]], dice: Random) -> str:
        """Choose who asks: mostly somebody who may."""
        if dice.random() < 0.03:
            return dice.choice(["", "Bearer", "Bearer tf.north.x", "Bearer tk.north.x", "Bearer tf.south.x", "Basic x"])
        if dice.random() < 0.03:
            return dice.choice([self.terminal, self.key])
        may = [self.key] * any("apiKey" in scheme for scheme in security)
        may += [self.terminal] * any("deviceToken" in scheme for scheme in security)
        return dice.choice(may or [""])

    def values(self, dice: Random) -> dict[str, Any]:
        return {
            "variant_id": self.variant_id,
            "order_id": dice.choice(self.order_ids),
            "order_line_id": self.order_line_id,
            "return_id": self.return_id,
            "endpoint_id": self.endpoint_id,
            "sku": "MUG",
            "location": "MAIN",
            "register": "R1",
            "barcode": "4006381333931",
            "tax_name": dice.choice(["Zero", "Standard, included"]),
            "type": dice.choice(["cash", "card", "gateway", "account"]),
            "refund_to": "cash",
            "currency": "EUR",
            "quantity": "1",
            "occurred_at": "2026-11-23T12:00:00Z",
            "url": "http://127.0.0.1:1/hook",
            "subscriber": "notifications.mail_receipts",
            "id": str(new_id()),
        }

    def put_into(self, value: Any, dice: Random) -> Any:
        """Replace some of what was generated, wherever in a request it stands. Values of another kind stay."""
        if isinstance(value, list):
            return [self.put_into(inner, dice) for inner in value]
        if not isinstance(value, dict):
            return value
        ours = self.values(dice)
        if isinstance(value.get("tenders"), list) and dice.random() < LIKELIHOOD / 2:
            value = {**value, "tenders": []}
        return {
            name: ours[name]
            if name in ours and isinstance(inner, str) and dice.random() < LIKELIHOOD
            else self.put_into(inner, dice)
            for name, inner in value.items()
        }
