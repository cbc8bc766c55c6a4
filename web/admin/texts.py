"""Texts that people write in the admin: no control characters, as in the API. They may come to a receipt or a mail."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DecimalField, Field
from django.http import HttpRequest
from unfold.admin import TabularInline as StyledInline

from kernel.validators import PlainText
from web.admin.money import MoneyRows

_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def is_plain_decimal(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None


class PlainDecimal(forms.DecimalField):
    """A number in plain decimal notation: Python reads `1E3` and `1_0` as well."""

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: when it is written in another way."""
        if isinstance(value, str) and value.strip() and not _PLAIN.fullmatch(value.strip()):
            message = "Write a number in digits, as 1.5: no exponent, no plus sign, no comma."
            raise ValidationError(message, code="invalid")
        return super().to_python(value)


class PlainTexts:
    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **options: Any) -> Any:
        if isinstance(db_field, DecimalField):
            options = {"form_class": PlainDecimal, **options}
        field = super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]
        if isinstance(field, forms.CharField) and not isinstance(field, forms.JSONField):
            field.validators.append(PlainText(lines=isinstance(field.widget, forms.Textarea)))
        return field


class TabularInline(MoneyRows, PlainTexts, StyledInline):  # type: ignore[misc]
    """Rows inside a page of ours. Django only shows `min_num` rows; here no fewer are taken, whatever was sent.

    Whoever may add no row has a `max_num` of 0: the rows that exist stand in the form all the same.
    """

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **options: Any) -> Any:
        """Name each field for whoever does not see the head of its column."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None:
            field.widget.attrs.setdefault("aria-label", str(field.label))
        return field

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        return super().get_formset(request, obj, **{"validate_min": True, "validate_max": self.max_num != 0, **options})
