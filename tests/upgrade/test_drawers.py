"""Registers of older code get a drawer each, and their shifts move to it."""

from kernel.tenancy import in_tenant
from pos.models import CashDrawer, Register, Shift
from tenants.models import Tenant
from tests.upgrade.restoring import SHOPS, Upgraded


def test_each_register_has_a_drawer_of_its_series_and_its_shifts_have_moved_there(upgraded: Upgraded) -> None:
    for shop in SHOPS:
        with in_tenant(Tenant.objects.get(schema_name=shop)):
            registers = list(Register.objects.select_related("drawer"))
            assert registers
            for register in registers:
                assert register.drawer is not None
                assert (register.drawer.series, register.drawer.location_id) == (register.series, register.location_id)
            assert CashDrawer.objects.count() == len(registers)
            numbers: dict[object, list[int]] = {}
            for shift in Shift.objects.select_related("register").order_by("opened_at", "id"):
                assert shift.drawer_id == shift.register.drawer_id
                numbers.setdefault(shift.drawer_id, []).append(shift.number)
            for drawer, given in numbers.items():
                assert given == list(range(1, len(given) + 1))
                assert CashDrawer.objects.get(id=drawer).next_shift_number == len(given) + 1
