"""Parked orders to read, and to take from a device that does not give them back."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from kernel.money import formatted
from pos.parking.models import ParkedOrder
from pos.parking.services import free_order
from staff.duty.services.admin_acts import act, act_on_each
from web.admin import Confirmation, ShopReadOnlyAdmin
from web.admin.names import named

FREE = Confirmation(
    action="free",
    title="Take parked orders from the devices that work on them",
    consequence="Any device may claim them at once; what was typed at the one that had them is not kept. Say why.",
)


@admin.register(ParkedOrder)
class ParkedOrderAdmin(ShopReadOnlyAdmin):
    list_display = ("__str__", "register", "total", "parked_at", "parked_by", "claimed_at", "claim_expires_at")
    list_filter = ("parked_at",)
    list_select_related = ("order__register__location",)
    ordering = ("-parked_at",)
    fields = (
        "label", "register", "total", "parked_at", "parked_at_device", "parked_by", "claimed_at",
        "claim_expires_at", "lines", "order_id",
    )  # fmt: skip
    actions = ("free",)

    parked_at_device = named("device_id", "device", label="device")
    parked_by = named("staff_id", "staff member", label="parked by")
    claimed_at = named("claimed_by", "device", label="a device works on it")

    @admin.display(description="register")
    def register(self, parked: ParkedOrder) -> str:
        return str(parked.order.register)

    @admin.display(description="total")
    def total(self, parked: ParkedOrder) -> str:
        return formatted(parked.order.total, parked.order.currency)

    @admin.display(description="cart")
    def lines(self, parked: ParkedOrder) -> str:
        return format_html("<pre>{}</pre>", json.dumps(parked.cart, indent=2, ensure_ascii=False))

    def has_free_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("pos.change_parkedorder")

    @admin.action(description="Take from the device that works on it", permissions=["free"])
    def free(self, request: HttpRequest, parked: QuerySet[ParkedOrder]) -> HttpResponse | None:
        if not FREE.is_given(request):
            return FREE.ask(self, request, parked)
        reason = FREE.reason(request)
        return act_on_each(
            self,
            request,
            parked,
            asked=FREE,
            do=lambda each: act(
                request,
                id=each.order_id,
                content={"order_id": str(each.order_id), "reason": reason},
                reason=reason,
                do=lambda command: free_order(order_id=command.id, reason=reason, now=timezone.now(), command=command),
            ),
        )
