"""People and their roles. Nobody grants what they do not have, nor sees who has more than they."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from events.operations import audit
from staff import reach, second_factor
from staff.models import User
from web.admin import Confirmation, ModelAdmin, unit_for

admin.site.unregister(Group)
POWERS = ("is_active", "is_staff", "is_superuser")


class WithinReach:
    """Pages whose rows carry permissions. What the person at the page lacks themselves is neither shown nor touched."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and db_field.related_model is Permission:
            field.queryset = reach.permissions_of(request.user).select_related("content_type")
        if field is not None and db_field.related_model is Group:
            field.queryset = reach.groups_within(request.user)
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._reaches(request, obj)  # type: ignore[misc,no-any-return]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._reaches(request, obj)  # type: ignore[misc,no-any-return]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Write what was chosen, and the difference into the audit."""
        before = reach.granted_to(form.instance)
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        _audit_grants(form, before, reach.granted_to(form.instance))

    def _reaches(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None or reach.covers(request.user, obj)


@admin.register(User)
class StaffUserAdmin(WithinReach, UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = ("remove_second_factor",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people if request.user.is_superuser else people.filter(is_superuser=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser makes superusers; and nobody takes their own powers away, or gives themselves more."""
        fixed = [*super().get_readonly_fields(request, obj), "last_login", "date_joined"]
        if not request.user.is_superuser:
            fixed.append("is_superuser")
        if obj is not None and obj.pk == request.user.pk:
            fixed += [*POWERS, "groups", "user_permissions"]
        return fixed

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Open the unit of work before Django's own page for users opens its transaction."""
        with unit_for(request):
            return super().add_view(request, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Send a person to the page that asks for the password before, when the password is their own."""
        person = self.get_object(request, unquote(id))
        if person is not None and person.pk == request.user.pk:
            return HttpResponseRedirect(reverse("admin:password_change"))
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if not change:
            audit.record(action="person added", subject=f"user:{obj.username}")

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        audit.record(action="person deleted", subject=f"user:{obj.username}")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with unit_for(request):
            for person in queryset:
                self.delete_model(request, person)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Every change passes here, that of a password as well."""
        if "password" in str(message):
            audit.record(action="password set", subject=f"user:{obj.username}")
        return super().log_change(request, obj, message)

    @admin.action(description="Remove the second factor: the phone is lost", permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, people: QuerySet[User]) -> Any:
        asked = Confirmation(
            action="remove_second_factor",
            title="Remove the second factor",
            consequence="These people sign in with their password alone, until they take a new app into use.",
            asks_reason=False,
        )
        reached = [person for person in people if self.has_change_permission(request, person)]
        if not asked.is_given(request):
            return asked.ask(self, request, reached)
        for person in reached:
            second_factor.remove(person=person)
        messages.success(request, f"{len(reached)} people set up a new app at their next sign-in")
        return None


@admin.register(Group)
class RoleAdmin(WithinReach, GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Roles: named sets of permissions."""

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        audit.record(action="role deleted", subject=f"role:{obj.name}")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        with unit_for(request):
            for role in queryset:
                self.delete_model(request, role)


def _audit_grants(form: Any, before: set[str], after: set[str]) -> None:
    changes = [f"+{name}" for name in sorted(after - before)] + [f"-{name}" for name in sorted(before - after)]
    changes += [f"{name}={getattr(form.instance, name)}" for name in POWERS if name in form.changed_data]
    kind, name = ("user", form.instance.username) if isinstance(form.instance, User) else ("role", form.instance.name)
    if changes:
        audit.record(action="permissions changed", subject=f"{kind}:{name}", detail=" ".join(changes))
