"""What fixes a register, its drawer and its location where they are: shifts, and orders that are open."""

from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.cash.services.closing import close_shift
from pos.cash.services.counts import CountInput
from pos.models import HeldCommand, Location, Register, Shift, Tender
from pos.parking.services import park_order
from tests.support import make


def closed_shift(register: Register | None = None) -> None:
    """Close the open shift of a register's drawer; of R1's, which is opened where it has none, when left out."""
    if register is None:
        make.shift()
    register = register or make.register()
    (shift,) = Shift.objects.filter(drawer=register.drawer_id, state=Shift.State.OPEN)
    cash = shift.float_amount + sum(tender.paid for tender in Tender.objects.filter(shift=shift, type__kind="CASH"))
    close_shift(shift_id=shift.id, register=register, counts=[CountInput(type="cash", amount=cash)], now=make.NOW)


def branch(code: str, *, timezone: str) -> Register:
    """Open a second location of the shop, in its currency; return its register, R2, with an open shift."""
    make.shift()
    location = Location.objects.create(code=code, name="Branch", currency="EUR", timezone=timezone)
    register = Register.objects.create(code="R2", name="Till 2", location=location)
    open_shift(id=new_id(), register=register, float_amount=0, now=make.NOW)
    return register


def parked() -> None:
    park_order(
        id=new_id(), register=make.register(), device=None, lines=[make.asked()], discounts=[], cart={}, label="",
        now=make.NOW, fingerprint="",
    )  # fmt: skip


def held() -> None:
    HeldCommand.objects.create(
        id=new_id(), device=make.device()[0], register=make.register(), reason="device-revoked", body={},
        fingerprint="", amount=1000, currency="EUR", received_at=make.NOW,
    )  # fmt: skip
