"""Each save and deletion is one unit of work; what the database or a service refuses in it is an error of the form."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from kernel.constraints import place_of_violation
from kernel.refusals import Refusal
from kernel.units import open_unit

REFUSED = (IntegrityError, DataError, Refusal)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """Why a save was undone, for the person who asked for it. `field` is empty when it is about no single one."""

    field: str
    sentence: str


def unit_for(request: HttpRequest) -> AbstractContextManager[object]:
    """Open a unit of work for a request that may write."""
    return nullcontext() if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"} else open_unit()


def save_changes(row: Model, form: Any) -> None:
    """Write only what was changed in the form: the rest of the row may have moved since it was read."""
    names = {field.name for field in row._meta.concrete_fields}
    changed = names & set(form.changed_data)
    touched = {field.name for field in row._meta.concrete_fields if getattr(field, "auto_now", False)}
    if changed:
        row.save(update_fields=changed | touched)


def violation(error: Exception, model: type[Model]) -> Violation:
    """Say in a sentence what was refused; an error that nobody foresaw rises."""
    if isinstance(error, Refusal):
        return Violation(field=str(error.details.get("field", "")), sentence=sentence_of(error))
    found = place_of_violation(error)
    if found is None:
        raise error
    broken, field, sentence = found
    return Violation(field=field if broken is model else "", sentence=sentence)


def sentence_of(refusal: Refusal) -> str:
    return f"{refusal.detail[:1].upper()}{refusal.detail[1:]}".removesuffix(".") + "."


class InUnits:
    """Makes each save and each deletion one unit of work, so that services called in it may publish.

    Django opens a transaction around these; a unit of work owns its transaction, so it comes first. Actions have no
    transaction: each service that they call opens its unit.
    """

    model: type[Model]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Save; or, when the database or a service refuses, show the form again with the reason."""
        try:
            with unit_for(request):
                return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except REFUSED as error:
            request.violation = violation(error, self.model)  # type: ignore[attr-defined]
            _forget_messages(request)
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)  # type: ignore[misc]
        found: Violation | None = getattr(request, "violation", None)
        return _refusing(form, found) if found else form

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            with unit_for(request):
                return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]
        except REFUSED as error:
            return self._refused(request, error)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Rows that are edited or deleted in the list are written together; an action that is refused says why.

        Django notes a deletion in the history before it deletes: what is refused was not deleted.
        """
        _leave_out_what_is_no_key(request, self.model)
        deletes = request.POST.get("action") == "delete_selected"
        try:
            with unit_for(request) if "_save" in request.POST or deletes else nullcontext():
                return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]
        except REFUSED as error:
            if request.method != "POST":
                raise
            return self._refused(request, error)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with open_unit():
            super().delete_queryset(request, queryset)  # type: ignore[misc]

    def _refused(self, request: HttpRequest, error: Exception) -> HttpResponseRedirect:
        sentence = violation(error, self.model).sentence
        _forget_messages(request)
        messages.error(request, sentence)
        meta = self.model._meta
        return HttpResponseRedirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))


def _leave_out_what_is_no_key(request: HttpRequest, model: type[Model]) -> None:
    """Take from the chosen rows what cannot be a key of this model: Django would ask the database for it."""
    chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
    if keys := [key for key in chosen if not _may_be_key(model, key)]:
        posted = request.POST.copy()
        posted.setlist(ACTION_CHECKBOX_NAME, [key for key in chosen if key not in keys])
        request.POST = posted  # type: ignore[assignment]


def _may_be_key(model: type[Model], key: str) -> bool:
    try:
        model._meta.pk.clean(key, None)
    except ValidationError:
        return False
    return True


def _forget_messages(request: HttpRequest) -> None:
    """Take back what was announced of a save that was undone."""
    queued: Any = messages.get_messages(request)
    queued._queued_messages.clear()  # noqa: SLF001 - Django has no other way


def _refusing(form: Any, found: Violation) -> Any:
    class Refusing(form):  # type: ignore[misc]
        def _post_clean(self) -> None:
            super()._post_clean()
            self.add_error(found.field if found.field in self.fields else None, found.sentence)

    return Refusing
