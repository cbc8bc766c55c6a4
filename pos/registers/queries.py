"""What can be asked of registers: the device of a token."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from kernel.ids import parsed_id
from kernel.limits import SERIES
from kernel.permissions import OnDuty
from pos.memory.shop import Kind
from pos.registers.models import CashDrawer, Device, Location, Register
from staff.duty.models import Role, StaffMember
from web import places

LONGEST_NUMBER = 18
"""Digits: fewer than what a bigint holds."""
RECEIPT = re.compile(
    rf"(?P<series>.{{1,{SERIES}}})-(?P<returned>[Rr]?)(?P<number>[0-9]{{1,{LONGEST_NUMBER}}})", re.ASCII
)
DEVICES: Kind[str, Device] = Kind(name="device by token", models=(Device, Register, Location))

MEMBERS: Kind[UUID, OnDuty] = Kind(name="member of staff", models=(StaffMember, Role))
CREWS: Kind[str, "Crew"] = Kind(name="whether there is staff", models=(StaffMember,))


@dataclass(frozen=True, kw_only=True)
class Crew:
    """:param is_any: whether the shop has ever taken somebody on, so that somebody has to sign in."""

    is_any: bool


def device_of_token(token_hash: str, now: datetime) -> Device | None:
    """Return the device that answers to a token now, with its register and location. It may be revoked or expired."""
    device = DEVICES.recall_one(token_hash, _device)
    return device if device is not None and device.answers_to(token_hash, now) else None


def find_device(device_id: UUID) -> Device:
    return Device.objects.select_related("register__location").get(pk=device_id)


def member_on_duty(staff_id: UUID) -> OnDuty | None:
    """Return a member of staff with what their role says; None where they are not active."""
    return MEMBERS.recall_one(staff_id, _member)


def whoever_was_on_duty(staff_id: UUID) -> OnDuty | None:
    """Return somebody with what their role says, active or not. Their session has ended: nothing is remembered."""
    member = StaffMember.objects.select_related("role").filter(pk=staff_id).first()
    return member.on_duty() if member else None


def has_staff() -> bool:
    """Say whether the shop has ever taken somebody on. When the last one is no longer active, the tills stay closed."""
    crew = CREWS.recall_one("", lambda _: Crew(is_any=StaffMember.objects.exists()))
    return crew is not None and crew.is_any


def find_place(kind: places.Kind, name: str) -> places.Place | None:
    """Find a location or a register by its code or its id."""
    id_ = parsed_id(name)
    if kind == "register":
        register = Register.objects.select_related("location").filter(Q(code=name) | Q(id=id_)).first()
        location = register.location if register else None
    else:
        register, location = None, Location.objects.filter(Q(code=name) | Q(id=id_)).first()
    if location is None:
        return None
    code = "" if register else location.code
    return places.Place(location_id=location.id, currency=location.currency, register=register, code=code)


def list_places() -> list[tuple[UUID, str]]:
    return list(Location.objects.order_by("name", "id").values_list("id", "name"))


def location_of(place: places.Place) -> Location:
    """Return the row of a place's location: that of its register is at hand."""
    location: Location = place.register.location if place.register else Location.objects.get(id=place.location_id)
    return location


def zone_of_shop() -> str | None:
    """Return the zone of the shop's first location, in which its admin shows times; None where there is no location."""
    return Location.objects.order_by("id").values_list("timezone", flat=True).first()


def _member(staff_id: UUID) -> OnDuty | None:
    member = StaffMember.objects.select_related("role").filter(pk=staff_id, is_active=True).first()
    return member.on_duty() if member else None


def _device(token_hash: str) -> Device | None:
    devices = Device.objects.select_related("register__location")
    return devices.filter(Q(token_hash=token_hash) | Q(previous_hash=token_hash)).first()


def parsed_receipt(text: str) -> tuple[str, bool, int] | None:
    """Read `R1-000018`, or `R1-R000018` of a return: the series, whether it is of a return, the number."""
    found = RECEIPT.fullmatch(text)
    return (found["series"], bool(found["returned"]), int(found["number"])) if found else None


def parsed_number(text: str) -> int | None:
    """Read the number of a document alone: `18`, or `000018`. None for what is none, or has too many digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def register_ids(series: str = "") -> Sequence[UUID]:
    """Return the ids of the shop's registers, or of the one that gives a series, in whatever letters it was typed."""
    found = Register.objects.all()
    if series:
        found = found.filter(Q(series__iexact=series) | Q(training_series__iexact=series))
    return list(found.values_list("id", flat=True))


def series_of(*, register_id: UUID | None = None, currency: str = "") -> Sequence[str]:
    """Return the series of a register's receipts, or of all registers that sell in a currency; of training as well."""
    found = Register.objects.filter(id=register_id) if register_id else Register.objects.all()
    found = found.filter(location__currency=currency) if currency else found
    return [series for pair in found.values_list("series", "training_series") for series in pair]


def currencies_of_shop() -> Sequence[str]:
    """Return the currencies that the locations of the shop sell in."""
    return list(Location.objects.order_by("currency").values_list("currency", flat=True).distinct())


def all_series() -> Sequence[str]:
    """Return the series of all receipts of the shop, of training and of reports as well."""
    of_registers = Register.objects.values_list("series", "training_series")
    of_drawers = CashDrawer.objects.values_list("series", flat=True)
    return sorted({series for pair in of_registers for series in pair} | set(of_drawers))


def drawer_of(register: Register) -> CashDrawer:
    """Return where the cash of a register goes, read now."""
    return CashDrawer.objects.select_related("location").get(registers=register.id)
