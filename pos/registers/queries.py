"""What can be asked of registers: the device of a token."""

from datetime import datetime

from django.db.models import Q

from pos.memory.shop import Kind
from pos.registers.models import Device, Location, Register

DEVICES: Kind[str, Device] = Kind(name="device by token", models=(Device, Register, Location))


def device_of_token(token_hash: str, now: datetime) -> Device | None:
    """Return the device that answers to a token now, with its register and location. It may be revoked or expired."""
    device = DEVICES.recall_one(token_hash, _device)
    return device if device is not None and device.answers_to(token_hash, now) else None


def _device(token_hash: str) -> Device | None:
    devices = Device.objects.select_related("register__location")
    return devices.filter(Q(token_hash=token_hash) | Q(previous_hash=token_hash)).first()
