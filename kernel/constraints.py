"""Constraints that a person can read: each says in a sentence, at its field, what is wrong."""

from typing import Any

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from psycopg import errors

GONE = "Something that this names does not exist any more, or is still in use."
_ABOUT_NO_FIELD: dict[type[Exception], str] = {
    errors.NumericValueOutOfRange: "A number is too large to be stored.",
    errors.ForeignKeyViolation: GONE,
    errors.RestrictViolation: GONE,
}


class _Spoken:
    """Neither is part of the schema, so no migration knows them.

    :param field: the field at which the sentence is shown. :param sentence: what must be true, for a person.
    """

    def __init__(self, *args: Any, field: str = "", sentence: str = "", **kwargs: Any) -> None:
        self.field, self.sentence = field, sentence
        super().__init__(*args, **kwargs)

    def get_violation_error_message(self) -> str:
        return self.sentence

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = DEFAULT_DB_ALIAS) -> None:
        """:raises ValidationError: with the sentence, at the field when the form has it."""
        try:
            super().validate(model, instance, exclude, using)  # type: ignore[misc]
        except ValidationError as error:
            place = NON_FIELD_ERRORS if self.field in (exclude or ()) else self.field
            raise ValidationError({place: [self.sentence]}) from error

    def clone(self) -> Any:
        copy = super().clone()  # type: ignore[misc]
        copy.field, copy.sentence = self.field, self.sentence
        return copy


class Check(_Spoken, models.CheckConstraint):
    """A check; `validate` raises its sentence at its field."""

    def deconstruct(self) -> Any:
        _, args, kwargs = super().deconstruct()
        return "django.db.models.CheckConstraint", args, kwargs


class Unique(_Spoken, models.UniqueConstraint):
    """A unique constraint over several fields or a condition; `validate` raises its sentence at its field."""

    def deconstruct(self) -> Any:
        _, args, kwargs = super().deconstruct()
        return "django.db.models.UniqueConstraint", args, kwargs


def place_of_violation(error: Exception) -> tuple[type[models.Model] | None, str, str] | None:
    """Find what an error of the database is about: the model, its field, and a sentence; None for a bug of ours.

    :param error: Django's, as a save raised it.
    """
    cause = error.__cause__
    for kind, sentence in _ABOUT_NO_FIELD.items():
        if isinstance(cause, kind):
            return None, "", sentence
    if not isinstance(cause, (errors.UniqueViolation, errors.CheckViolation, errors.ExclusionViolation)):
        return None
    model = _model_of(cause.diag.table_name)
    return None if model is None else _violated(model, cause)


def _violated(
    model: type[models.Model], cause: errors.UniqueViolation | errors.CheckViolation | errors.ExclusionViolation
) -> tuple[type[models.Model], str, str]:
    if excluded := getattr(model, "exclusions", {}).get(cause.diag.constraint_name):
        return model, *excluded
    for constraint in model._meta.constraints:
        if constraint.name == cause.diag.constraint_name:
            return model, getattr(constraint, "field", ""), str(constraint.get_violation_error_message())
    if isinstance(cause, errors.UniqueViolation):
        return _unique_field(model, cause)
    return model, cause.diag.column_name or "", cause.diag.message_primary or GONE


def _unique_field(model: type[models.Model], cause: errors.UniqueViolation) -> tuple[type[models.Model], str, str]:
    """Read the columns from `Key (sku)=(MUG) already exists.`"""
    columns = (cause.diag.message_detail or "").partition("(")[2].partition(")")[0].split(", ")
    fields = [field.name for field in model._meta.concrete_fields if field.column in columns]
    sentence = model().unique_error_message(model, tuple(fields)).messages[0] if fields else "This exists already."
    return model, fields[0] if len(fields) == 1 else "", sentence


def _model_of(table: str | None) -> type[models.Model] | None:
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)
