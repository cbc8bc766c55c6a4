"""Outgoing calls in the admin: what was sent, what waits, and what is undelivered and may be sent again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from events.models import Outgoing
from events.operations import undelivered
from kernel.refusals import NotFound
from web.admin import ReadOnlyAdmin, acting_on, operator_of


@admin.register(Outgoing)
class OutgoingAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "tenant_id", "kind", "state", "attempts", "next_attempt_at", "error")
    list_filter = ("kind", "state")
    ordering = ("-created_at",)
    actions = ("send_again",)

    @admin.action(description="Send again, with new attempts", permissions=["operate"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Outgoing]) -> None:
        count = 0
        for row in chosen:
            with acting_on(row):
                try:
                    count += undelivered.send_again(outgoing_id=row.id, operator=operator_of(request))
                except NotFound as refusal:
                    self.message_user(request, refusal.detail, messages.ERROR)
        if count:
            self.message_user(request, f"{count} calls are sent again", messages.SUCCESS)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_outgoing")
