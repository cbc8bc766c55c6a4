"""The quarantine in the admin: paid sales that are held until a person decides."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from pos.exceptions.models import HeldCommand
from pos.quarantine.services import accept_command, reject_command
from staff.duty.services.admin_acts import act, act_on_each
from web.admin import Confirmation, ShopReadOnlyAdmin, operator_of
from web.admin.names import named

ACCEPT = Confirmation(
    action="accept",
    title="Accept held sales",
    consequence="They become orders with the ids that their tills gave them, as they were sold. Say why.",
)
REJECT = Confirmation(
    action="reject",
    title="Reject held sales for good",
    consequence="No order of their ids is ever placed. It cannot be taken back. Say why.",
)


@admin.register(HeldCommand)
class HeldCommandAdmin(ShopReadOnlyAdmin):
    list_display = ("received_at", "state", "why", "device", "amount", "sold_by_name", "decided_by")
    list_filter = ("state", "reason")
    list_select_related = ("device", "register__location")
    money = ("amount",)
    ordering = ("-received_at",)
    fields = (
        "state", "why", "detail", "device", "register", "amount", "sold_by_name", "device_sequence", "received_at",
        "sent", "decided_at", "decided_by", "note", "id",
    )  # fmt: skip
    actions = ("accept", "reject")

    sold_by_name = named("sold_by", "staff member", label="sold by")

    @admin.display(description="reason", ordering="reason")
    def why(self, held: HeldCommand) -> str:
        return held.reason.replace("-", " ").capitalize()

    def currency_of(self, row: HeldCommand) -> str:
        return row.currency

    @admin.display(description="request")
    def sent(self, held: HeldCommand) -> str:
        return format_html("<pre>{}</pre>", json.dumps(held.body, indent=2, ensure_ascii=False))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("pos.change_heldcommand")

    @admin.action(description="Accept", permissions=["decide"])
    def accept(self, request: HttpRequest, held: QuerySet[HeldCommand]) -> HttpResponse | None:
        return self._decide(request, held, ACCEPT, accept_command)

    @admin.action(description="Reject for good", permissions=["decide"])
    def reject(self, request: HttpRequest, held: QuerySet[HeldCommand]) -> HttpResponse | None:
        return self._decide(request, held, REJECT, reject_command)

    def _decide(
        self,
        request: HttpRequest,
        held: QuerySet[HeldCommand],
        asked: Confirmation,
        decide: Callable[..., Any],
    ) -> HttpResponse | None:
        if not asked.is_given(request):
            return asked.ask(self, request, held)
        by, note = operator_of(request), asked.reason(request)
        return act_on_each(
            self,
            request,
            held,
            asked=asked,
            do=lambda each: act(
                request,
                id=each.id,
                content={"command_id": str(each.id), "decision": asked.action, "note": note},
                reason=note,
                do=lambda command: decide(command_id=command.id, by=by, note=note, now=timezone.now(), command=command),
            ),
            named=lambda each: f"{each.id}: ",
            done=lambda count: f"{count} held sale{'s' if count > 1 else ''} {asked.action}ed",
        )
