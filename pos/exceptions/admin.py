"""The inbox of exceptions in the admin: what was wrong with sales that were accepted."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from pos.exceptions.models import ExceptionCase
from pos.exceptions.services.cases import resolve_case
from staff.duty.services.admin_acts import act, act_on_each
from web.admin import Confirmation, ShopReadOnlyAdmin, operator_of
from web.admin.names import named


class OpenFirst(admin.SimpleListFilter):
    """What nobody has resolved is shown, unless the rest is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _page: object) -> list[tuple[str, str]]:
        return [("all", "All"), ("resolved", "Resolved")]

    def choices(self, changelist: Any) -> Any:
        """Call what is shown without a choice by what it is."""
        for number, choice in enumerate(super().choices(changelist)):
            yield choice if number else {**choice, "display": "Open"}

    def queryset(self, _request: HttpRequest, rows: QuerySet[ExceptionCase]) -> QuerySet[ExceptionCase]:
        if self.value() == "all":
            return rows
        return rows.filter(resolved_at__isnull=self.value() != "resolved")


@admin.register(ExceptionCase)
class ExceptionCaseAdmin(ShopReadOnlyAdmin):
    list_display = ("kind", "severity", "opened_at", "order", "resolved_at", "resolved_by")
    list_filter = (OpenFirst, "kind", "severity")
    ordering = ("-id",)
    fields = (
        "kind", "severity", "order", "opened_at", "wrong_by", "register", "device", "resolved_at", "resolved_by",
        "note", "command_id",
    )  # fmt: skip
    actions = ("resolve",)

    order = named("command_id", "order", "return", "held sale", label="order")
    register = named("register_id", "register", label="register")
    device = named("device_id", "device", label="device")

    @admin.display(description="by how much")
    def wrong_by(self, case: ExceptionCase) -> str:
        return format_html("<pre>{}</pre>", json.dumps(case.payload, indent=2, ensure_ascii=False))

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("pos.change_exceptioncase")

    @admin.action(description="Resolve", permissions=["resolve"])
    def resolve(self, request: HttpRequest, cases: QuerySet[ExceptionCase]) -> HttpResponse | None:
        asked = Confirmation(
            action="resolve",
            title="Resolve exceptions",
            consequence="They leave the inbox. Say what was done about them.",
        )
        if not asked.is_given(request):
            return asked.ask(self, request, cases)
        by, note = operator_of(request), asked.reason(request)
        return act_on_each(
            self,
            request,
            cases,
            asked=asked,
            do=lambda case: act(
                request,
                id=case.id,
                content={"exception_id": str(case.id), "note": note},
                reason=note,
                do=lambda command: resolve_case(
                    exception_id=command.id, by=by, note=note, now=timezone.now(), command=command
                ),
            ),
            done=lambda count: f"{count} exception{'s' if count > 1 else ''} resolved",
        )
