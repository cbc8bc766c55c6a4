"""Locations, registers and devices in the admin of a shop."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from kernel.limits import NAME
from kernel.refusals import Refusal
from pos.registers.models import Device, Location, Register
from pos.registers.services import change_device, pair_device, revoke_device, rotate_device_token
from web.admin import Confirmation, Secret, ShopAdmin, show_once
from web.admin.saving import sentence_of


@admin.register(Location)
class LocationAdmin(ShopAdmin):
    list_display = ("code", "name", "currency", "timezone")


@admin.register(Register)
class RegisterAdmin(ShopAdmin):
    list_display = ("code", "name", "location", "series", "next_receipt_number")
    actions = ("pair",)

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
    list_display = ("name", "register", "status", "paired_at", "last_used_at", "expires_at")
    list_filter = ("status",)
    fields = ("name", "register", "status", "paired_at", "last_used_at", "expires_at", "previous_until")
    readonly_fields = ("status", "paired_at", "last_used_at", "previous_until")
    actions = ("rotate", "revoke")

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
