"""The process that changes what others sell by: `benchmarks.withdrawn` starts it, and reads what it has changed.

It prints one JSON object for each change after its COMMIT: `what`, `at` (the clock of this host), and the value. It
ends when its standard input is closed.
"""

import json
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

PAUSE_SECONDS = 0.02


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from kernel.tenancy import find_any_tenant, in_tenant

    shop, sku, terminals = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with in_tenant(find_any_tenant(shop)):
        changer = Changer(sku)
        try:
            for change in changes(changer, terminals):
                made = change()
                print(json.dumps({"at": time.time(), **made}), flush=True)
                if select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
                    return
        finally:
            changer.put_back()


def changes(shop: "Changer", terminals: int) -> Iterator[Callable[[], dict[str, Any]]]:
    """Each terminal first gets a device and somebody who works at it; then all kinds of change take turns."""
    for number in range(terminals):
        yield lambda number=number: shop.begin(number)  # type: ignore[misc]
    for turn in count():
        yield shop.raise_price
        yield shop.raise_tax
        if turn % 20 == 0:
            yield lambda turn=turn: shop.revoke(turn // 20 % terminals)  # type: ignore[misc]
        if turn % 20 == 10:
            yield lambda turn=turn: shop.dismiss(turn // 20 % terminals)  # type: ignore[misc]


class Changer:
    def __init__(self, sku: str) -> None:
        from pos.models import TaxRule, Variant

        self.sku, self.numbers, self.run = sku, count(1), f"{int(time.time()):X}"
        self.price = Variant.objects.get(sku=sku).price
        self.devices: dict[int, Any] = {}
        self.people: dict[int, Any] = {}
        self.rule: Any = TaxRule.objects.select_related("rate").get(tax_class__product__variants__sku=sku)

    def raise_price(self) -> dict[str, Any]:
        from pos.models import Variant

        price = int(self.price) + next(self.numbers)
        Variant.objects.filter(sku=self.sku).update(price=price)
        return {"what": "price", "value": price}

    def raise_tax(self) -> dict[str, Any]:
        from pos.models import TaxRate, TaxRule

        rate = f"0.{next(self.numbers):06}"
        TaxRule.objects.filter(pk=self.rule.pk).update(
            rate=TaxRate.objects.create(name=f"{self.run} {rate}", rate=rate)
        )
        return {"what": "tax", "value": rate}

    def begin(self, terminal: int) -> dict[str, Any]:
        """Pair a device, and sign somebody new in at it."""
        from django.utils import timezone

        from pos.registers.services import pair_device
        from staff.duty.models import Role
        from staff.duty.services.members import take_on
        from staff.duty.services.signing import Till, sign_in

        code = f"{self.run}{next(self.numbers)}"
        device, token = pair_device(register_code=f"R{terminal + 1}", name=code)
        person, pin = take_on(code=code, name=code, role=Role.objects.get(name="manager"))
        till = Till(device_id=device.id, register_id=device.register_id)
        _, session = sign_in(code=code, pin=pin, till=till, now=timezone.now())
        self.devices[terminal], self.people[terminal] = device, person
        return {"what": "begin", "terminal": terminal, "token": token, "session": session}

    def revoke(self, terminal: int) -> dict[str, Any]:
        from pos.registers.services import revoke_device

        revoke_device(device_id=self.devices[terminal].id)
        return self._gone(terminal)

    def dismiss(self, terminal: int) -> dict[str, Any]:
        from staff.duty.services.members import change_member

        change_member(staff_id=self.people[terminal].id, changed={"is_active": False})
        return self._gone(terminal)

    def put_back(self) -> None:
        """Leave the shop as it was: with its price and its tax, and without the people who were taken on.

        A shop that has taken somebody on lets nobody sell who is not signed in, so their rows are deleted.
        """
        from pos.models import Variant
        from staff.duty.models import StaffMember, StaffSession

        self.rule.save()
        Variant.objects.filter(sku=self.sku).update(price=self.price)
        StaffSession.objects.filter(staff__code__startswith=self.run).delete()
        StaffMember.objects.filter(code__startswith=self.run).delete()

    def _gone(self, terminal: int) -> dict[str, Any]:
        at = time.time()
        return {**self.begin(terminal), "what": "gone", "at": at}


if __name__ == "__main__":
    main()
