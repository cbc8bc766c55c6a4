"""Registers and devices in the admin of a shop."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from kernel.limits import NAME
from kernel.refusals import Refusal
from pos.registers.models import Device, PairingCode, Register
from pos.registers.services import (
    change_device,
    make_pairing_code,
    pair_device,
    revoke_device,
    rotate_device_token,
    unlock_device_for_pins,
)
from web.admin import Confirmation, Secret, ShopAdmin, ShopReadOnlyAdmin, show_once
from web.admin.saving import sentence_of


@admin.register(Register)
class RegisterAdmin(ShopAdmin):
    list_display = ("code", "name", "location", "series", "next_receipt_number")
    actions = ("make_code", "pair")

    @admin.action(description="Make a code that pairs a terminal within five minutes", permissions=["pair"])
    def make_code(self, request: HttpRequest, registers: QuerySet[Register]) -> HttpResponse:
        made = [
            Secret(
                label=f"Type this at the terminal of {register.code} within five minutes",
                value=make_pairing_code(register_id=register.id, now=timezone.now()),
            )
            for register in registers
        ]
        return show_once(self, request, "A pairing code was made", made)

    @admin.action(description="Pair a new terminal and show its token once", permissions=["pair"])
    def pair(self, request: HttpRequest, registers: QuerySet[Register]) -> HttpResponse:
        made = []
        for register in registers:
            device, token = pair_device(register_code=register.code, name=f"Terminal of {register.name}"[:NAME])
            made.append(Secret(label=f"The token of {device.name} ({register.code})", value=token))
        return show_once(self, request, "A terminal was paired", made)

    def has_pair_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("pos.add_device")


@admin.register(Device)
class DeviceAdmin(ShopAdmin):
    list_display = ("name", "register", "status", "last_used_at", "app_version", "clock", "expires_at")
    list_filter = ("status",)
    list_select_related = ("register",)
    fields = (
        "name", "register", "status", "paired_at", "last_used_at", "app_version", "clock", "expires_at",
        "previous_until",
    )  # fmt: skip
    readonly_fields = ("status", "paired_at", "last_used_at", "app_version", "clock", "previous_until")
    actions = ("unlock", "rotate", "revoke")

    @admin.display(description="its clock")
    def clock(self, device: Device) -> str:
        offset = device.clock_offset_ms
        if offset is None:
            return "unknown"
        return f"{abs(offset) / 1000:.1f} s {'ahead' if offset > 0 else 'behind'}" if offset else "right"

    def has_add_permission(self, _request: HttpRequest, _parent: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Longer validity is a new pairing: who may not pair, may not give it."""
        return self.readonly_fields if self.has_rotate_permission(request) else (*self.readonly_fields, "expires_at")

    def save_model(self, _request: HttpRequest, obj: Device, form: Any, change: bool) -> None:  # noqa: FBT001
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        if changed:
            change_device(device_id=obj.pk, changed=changed)

    @admin.action(description="Let PINs be tried again after too many wrong ones", permissions=["change"])
    def unlock(self, _request: HttpRequest, devices: QuerySet[Device]) -> None:
        for device in devices.filter(status=Device.Status.PAIRED):
            unlock_device_for_pins(device_id=device.id)

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perms(["pos.add_device", "pos.change_device"])

    @admin.action(description="Make a new token; the one before stays valid for a day", permissions=["rotate"])
    def rotate(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse | None:
        made = []
        for device in devices.filter(status=Device.Status.PAIRED):
            try:
                made.append(Secret(label=f"The token of {device.name}", value=rotate_device_token(device_id=device.id)))
            except Refusal as refusal:
                messages.error(request, sentence_of(refusal))
        return show_once(self, request, "New tokens", made) if made else None

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse | None:
        asked = Confirmation(
            action="revoke",
            title="Revoke for good",
            consequence="These terminals are refused from now on. It cannot be taken back; pair a new one instead.",
            asks_reason=False,
        )
        if not asked.is_given(request):
            return asked.ask(self, request, devices)
        for device in devices.filter(status=Device.Status.PAIRED):
            revoke_device(device_id=device.id)
        return None


@admin.register(PairingCode)
class PairingCodeAdmin(ShopReadOnlyAdmin):
    """Codes that were made: the action of a register makes one, and shows it once."""

    list_display = ("register", "created_at", "expires_at", "wrong", "used_at", "device")
    list_select_related = ("register", "device")
    fields = ("register", "created_at", "expires_at", "wrong", "used_at", "device")
    ordering = ("-created_at",)
