"""The people at the tills in the admin of a shop, and the approvals that they gave."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from staff.admin.standing import BeyondReach, reaches_member, reaches_role
from staff.admin.words import in_words
from staff.duty.models import Approval, Role, StaffMember
from staff.duty.pins import FEWEST_DIGITS, MOST_DIGITS
from staff.duty.queries import duty_of_user, names_of_staff
from staff.duty.services.members import change_member, give_pin, take_on
from staff.models import User
from staff.reach import covers
from web.admin import Confirmation, ModelAdmin, OnShopHost, Secret, ShopReadOnlyAdmin, show_once
from web.admin.names import name_rows_by

FIELDS = ("code", "name", "role", "is_active", "user")

name_rows_by("staff member", "staff_staffmember", names_of_staff)
name_rows_by(
    "approval", "staff_approval", lambda ids: {row.pk: str(row) for row in Approval.objects.filter(pk__in=ids)}
)


class StaffMemberForm(forms.ModelForm):  # type: ignore[type-arg]
    digits = forms.IntegerField(
        min_value=FEWEST_DIGITS,
        max_value=MOST_DIGITS,
        initial=FEWEST_DIGITS,
        required=False,
        label="digits of the PIN",
        help_text="It is drawn at random, and shown once",
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = StaffMember
        fields = FIELDS


@admin.register(StaffMember)
class StaffMemberAdmin(OnShopHost, ModelAdmin):  # type: ignore[misc]
    """PINs are drawn and shown once. Who has worked is named by rows of money: they are deactivated, not deleted."""

    form = StaffMemberForm
    list_display = ("code", "name", "role", "is_active", "pin_set_at")
    list_filter = ("is_active", "role")
    list_select_related = ("role",)
    search_fields = ("code", "name")
    ordering = ("code",)
    actions = ("new_pin",)

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        return (*FIELDS, "pin_set_at") if obj else ("code", "name", "role", "user", "digits")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever is bound by a role sets nobody free of one, who could then do more in the admin than they may."""
        if obj is None:
            return ()
        is_bound = obj.user_id is not None and duty_of_user(request.user) is not None
        return ("user", "pin_set_at") if is_bound else ("pin_set_at",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only roles that hold nothing which the person's own lacks, and users who have nothing beyond theirs.

        The role of a member holds for what their user does in the admin: it would bind the owner otherwise.
        """
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.related_model is Role and field is not None:
            within = [role.pk for role in Role.objects.all() if reaches_role(request.user, role)]
            field.queryset = Role.objects.filter(pk__in=within)
        if db_field.related_model is User and field is not None:
            covered = [user.pk for user in User.objects.all() if covers(request.user, user)]
            field.queryset = User.objects.filter(pk__in=covered)
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and (obj is None or reaches_member(request.user, obj))

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StaffMember, form: Any, change: bool) -> None:  # noqa: FBT001
        cleaned = form.cleaned_data
        if change:
            changed = {name: cleaned[name] for name in form.changed_data if name in FIELDS}
            if changed:
                change_member(staff_id=obj.pk, changed=changed)
            return
        member, pin = take_on(
            code=obj.code, name=obj.name, role=obj.role, user=cleaned["user"], digits=cleaned["digits"] or FEWEST_DIGITS
        )
        obj.pk, obj._state.adding = member.pk, False  # noqa: SLF001 - Django documents it for this
        request.made = Secret(label=f"The PIN of {obj.code}", value=pin)  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: StaffMember, post_url_continue: Any = None) -> HttpResponse:
        return show_once(self, request, "Somebody was taken on", [request.made])  # type: ignore[attr-defined]

    @admin.action(description="Draw a new PIN and show it once", permissions=["change"])
    def new_pin(self, request: HttpRequest, members: QuerySet[StaffMember]) -> HttpResponse:
        """:raises BeyondReach: when one of them has a role that holds more than that of the person at the page."""
        asked = Confirmation(
            action="new_pin",
            title="Draw a new PIN",
            consequence="The PIN before is refused from now on, and whoever is signed in by it is signed out.",
            asks_reason=False,
        )
        if not asked.is_given(request):
            return asked.ask(self, request, members)
        chosen = list(members.select_related("role"))
        if not all(reaches_member(request.user, member) for member in chosen):
            message = "nobody gives a PIN to themselves, or to somebody who may do more, at the tills or in the admin"
            raise BeyondReach(message)
        made = [
            Secret(label=f"The PIN of {member.code}", value=give_pin(staff_id=member.pk, digits=member.pin_digits))
            for member in chosen
        ]
        return show_once(self, request, "New PINs", made)


@admin.register(Approval)
class ApprovalAdmin(ShopReadOnlyAdmin):
    list_display = ("granted_at", "named", "requested_by", "approved_by", "reason", "consumed_at")
    list_filter = ("granted_at",)
    list_select_related = ("requested_by", "approved_by")
    fields = (
        "named", "command_id", "requested_by", "approved_by", "reason", "granted_at", "expires_at", "consumed_at",
    )  # fmt: skip
    ordering = ("-granted_at",)

    @admin.display(description="actions")
    def named(self, approval: Approval) -> str:
        return ", ".join(map(in_words, approval.actions))
