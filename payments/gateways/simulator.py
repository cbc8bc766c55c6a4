"""A card gateway that behaves as its token says, and keeps its own books, as a real one would.

`tok_approve` charges, `tok_decline` declines, `tok_timeout` never answers and never charges, `tok_late` charges but
does not answer, so that only a look-up finds the money.
"""

from uuid import UUID

from django.db import transaction  # noqa: TID251 - its own books

from payments.gateways.gateway import Answer, GatewayTimeout
from payments.models import SimulatedCharge


class SimulatedGateway:
    def charge(self, *, key: UUID, amount: int, currency: str, card_token: str) -> Answer:
        if card_token == "tok_timeout":  # noqa: S105 - a test card
            raise GatewayTimeout("no answer")
        approved = card_token != "tok_decline"  # noqa: S105
        charge, created = SimulatedCharge.objects.get_or_create(
            key=key, defaults={"amount": amount, "currency": currency, "approved": approved}
        )
        if created and card_token == "tok_late":  # noqa: S105
            raise GatewayTimeout("no answer, though the card was charged")
        return _answer(charge)

    def look_up(self, *, key: UUID) -> Answer | None:
        charge = SimulatedCharge.objects.filter(key=key).first()
        return _answer(charge) if charge else None

    def refund(self, *, key: UUID, charge_key: UUID, amount: int) -> Answer:
        with transaction.atomic():
            charge = SimulatedCharge.objects.select_for_update().get(key=charge_key)
            refunds = {**charge.refunds, str(key): amount}
            if sum(refunds.values()) > charge.amount:
                return Answer(approved=False, reference="", reason="more than was charged")
            charge.refunds = refunds
            charge.save(update_fields=["refunds"])
        return Answer(approved=True, reference=f"re_{key.hex[:12]}")


def _answer(charge: SimulatedCharge) -> Answer:
    if not charge.approved:
        return Answer(approved=False, reference="", reason="card declined")
    return Answer(approved=True, reference=f"ch_{charge.key.hex[:12]}")
