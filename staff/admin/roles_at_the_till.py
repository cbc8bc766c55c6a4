"""Roles at the till in the admin of a shop: what each permission says, and its limit."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from kernel.permissions import BY_AMOUNT, BY_PERCENT, Mode, Permission
from staff.admin.standing import reaches_role, require_reach
from staff.admin.words import WORDS
from staff.duty.models import Role
from staff.duty.rules import read_rules
from staff.duty.services.members import change_role, make_role
from web.admin import ModelAdmin, OnShopHost

MODES = [(Mode.DENY, "No"), (Mode.APPROVAL, "With an approval"), (Mode.ALLOW, "Yes")]


def _limit(permission: Permission) -> forms.DecimalField:
    by_percent = permission in BY_PERCENT
    unit = "In percent" if by_percent else "In whole units of the currency, as 50 or 49.90"
    return forms.DecimalField(
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100) if by_percent else Decimal(10**9),
        decimal_places=4 if by_percent else 3,
        label=f"{WORDS[permission]}: up to",
        help_text=f"{unit}. More needs an approval. Empty: no limit",
        widget=UnfoldAdminDecimalFieldWidget,
    )


def _fields() -> Iterator[tuple[str, forms.Field]]:
    for permission in Permission:
        widget = UnfoldAdminSelectWidget
        yield f"{permission}_mode", forms.ChoiceField(choices=MODES, label=WORDS[permission], widget=widget)
        if permission in BY_PERCENT | BY_AMOUNT:
            yield f"{permission}_limit", _limit(permission)


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]
    """Reads and writes the rules of a role, a field for each mode and each limit."""

    class Meta:
        model = Role
        fields = ("name", "approves", "approves_own", "idle_minutes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = self.instance.rules if self.instance else {}
        for permission in Permission:
            kept = rules.get(permission, {"mode": Mode.DENY})
            self._begin(f"{permission}_mode", kept["mode"])
            self._begin(f"{permission}_limit", kept.get("percent", kept.get("amount")))

    def _begin(self, name: str, value: Any) -> None:
        if name in self.fields:
            self.fields[name].initial = value

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: when a role would approve its own requests, but no others."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("approves_own") and not cleaned.get("approves"):
            raise ValidationError({"approves_own": ["Whoever approves their own requests approves those of others."]})
        cleaned["rules"] = {str(permission): self._rule(permission, cleaned) for permission in Permission}
        return cleaned

    def _rule(self, permission: Permission, cleaned: dict[str, Any]) -> dict[str, str]:
        limit = cleaned.get(f"{permission}_limit")
        rule = {"mode": str(cleaned.get(f"{permission}_mode", Mode.DENY))}
        if limit is not None and rule["mode"] == Mode.ALLOW:
            rule["percent" if permission in BY_PERCENT else "amount"] = f"{limit.normalize():f}"
        return rule


RoleForm.base_fields |= dict(_fields())  # type: ignore[attr-defined]
RoleForm.declared_fields |= dict(_fields())  # type: ignore[attr-defined]


@admin.register(Role)
class RoleAtTheTillAdmin(OnShopHost, ModelAdmin):  # type: ignore[misc]
    """What a role says holds from the next request on; the sessions of its members end."""

    form = RoleForm
    list_display = ("name", "approves", "approves_own", "idle_minutes")
    ordering = ("name",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        of_rules = [name for name, _ in _fields()]
        return [(None, {"fields": list(RoleForm.Meta.fields)}), ("Permissions", {"fields": of_rules})]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and (obj is None or reaches_role(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and (obj is None or reaches_role(request.user, obj))

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:  # noqa: FBT001
        cleaned = form.cleaned_data
        values = {name: cleaned[name] for name in (*RoleForm.Meta.fields, "rules")}
        require_reach(
            request.user, read_rules(values["rules"]), approves=values["approves"], own=values["approves_own"]
        )
        if change:
            before = Role.objects.get(pk=obj.pk)
            change_role(role_id=obj.pk, changed={n: v for n, v in values.items() if getattr(before, n) != v})
        else:
            obj.rules = values["rules"]
            make_role(role=obj)
