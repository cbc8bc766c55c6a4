"""Moments of the wall clock of a place, whichever place reads them: `2026-12-01 00:00` there."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import models
from django.utils import timezone


class LocalMomentInput(forms.SplitDateTimeField):
    """A date and a time as they are typed: no zone of the page has a say, nor the hours that its clock skips."""

    def compress(self, data_list: Any) -> datetime | None:
        with timezone.override(UTC):
            moment: datetime | None = super().compress(data_list)
        return moment.replace(tzinfo=None) if moment else None


class LocalMomentField(models.DateTimeField):  # type: ignore[type-arg]
    """A date and time without a zone. Forms and strings give it as it is written."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django calls it by name
        return "timestamp"

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        return timezone.make_naive(moment) if moment is not None and timezone.is_aware(moment) else moment

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(value)

    def formfield(self, **options: Any) -> Any:
        return super().formfield(**{**options, "form_class": LocalMomentInput})


def local_moment(moment: datetime, zone: str) -> datetime:
    """Return what a clock shows at a moment.

    >>> from datetime import UTC
    >>> local_moment(datetime(2026, 11, 30, 23, tzinfo=UTC), "Europe/Berlin")
    datetime.datetime(2026, 12, 1, 0, 0)
    """
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def moment_shown(local: datetime, zone: str) -> datetime:
    """Return when a clock shows that; the first time where it does so twice.

    >>> moment_shown(datetime(2026, 12, 1), "Europe/Berlin").isoformat()
    '2026-11-30T23:00:00+00:00'
    """
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
