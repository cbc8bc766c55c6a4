"""`manage.py device pair | list | rotate | revoke`: a terminal's token, printed once, rotated, refused for good."""

import argparse
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from events.log.causes import acting_as
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.limits import NAME
from kernel.tenancy import find_furnished_tenant, in_tenant  # noqa: TID251 - a command enters its shop
from pos.registers.models import Device
from pos.registers.services import pair_device, revoke_device, rotate_device_token


class Command(OurCommand):
    help = "Pair a terminal with a register of a shop and print its token, which is not shown again; or end it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        pair = actions.add_parser("pair")
        pair.add_argument("--register", type=arguments.name, default="R1", help="the register's code")
        pair.add_argument("--name", type=arguments.text(NAME), default="Terminal")
        pair.add_argument(
            "--days",
            type=arguments.whole_number(1, 3650, of="days"),
            help="days after which the token expires; never when left out",
        )
        rotate = actions.add_parser("rotate", help="a new token; the one before stays valid for a day")
        revoke = actions.add_parser("revoke", help="refuse a device for good")
        for parsed in (rotate, revoke):
            parsed.add_argument("device", type=_device_id, help="its id, as `device list` prints it")
        for parsed in (pair, rotate, revoke, actions.add_parser("list")):
            parsed.add_argument("--tenant", type=arguments.name, required=True)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        with in_tenant(find_furnished_tenant(options["tenant"])), acting_as("command"):
            self.stdout.write(_ACTIONS[options["action"]](options))


def _pair(options: dict[str, Any]) -> str:
    expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
    return pair_device(register_code=options["register"], name=options["name"], expires_at=expires_at)[1]


def _rotate(options: dict[str, Any]) -> str:
    return rotate_device_token(device_id=options["device"])


def _revoke(options: dict[str, Any]) -> str:
    return f"the device {revoke_device(device_id=options['device']).name} is revoked"


def _list(_options: dict[str, Any]) -> str:
    devices = Device.objects.select_related("register").order_by("register__code", "paired_at")
    return "\n".join(
        f"{device.id} {device.register.code} {device.status} last used {device.last_used_at or 'never'} {device.name}"
        for device in devices
    )


_ACTIONS = {"pair": _pair, "rotate": _rotate, "revoke": _revoke, "list": _list}


def _device_id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        message = f"{typed!r} is not a device id; `manage.py device list` prints them"
        raise argparse.ArgumentTypeError(message) from None
