"""The months of the log in the platform's admin: what was archived and dropped, and what keeps the others."""

from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events.log.months import EVENTS, extents, months
from events.models import Archive
from web.admin import OnPlatformHost, ReadOnlyAdmin


@admin.register(Archive)
class ArchiveAdmin(OnPlatformHost, ReadOnlyAdmin):
    fields = ("partition", "path", "rows", "bytes", "sha256", "archived_at", "dropped_at")

    def changelist_view(self, request: HttpRequest, _extra_context: Any = None) -> HttpResponse:
        """All months on one page, the oldest first, with all reasons that the last retention found."""
        if not self.has_view_permission(request):
            return super().changelist_view(request)  # type: ignore[no-any-return]
        rows = sorted([*_dropped(), *_in_the_log()], key=lambda row: row["month"])
        context = {"opts": self.model._meta, "title": "Archived months", "rows": rows}
        return render(request, "events/months.html", {**self.admin_site.each_context(request), **context})


def _dropped() -> list[dict[str, Any]]:
    archives = Archive.objects.filter(partition__startswith=f"{EVENTS}_", dropped_at__isnull=False)
    return [
        {
            "month": archive.partition.removeprefix(f"{EVENTS}_"),
            "rows": archive.rows,
            "archive": archive.path,
            "archived_at": archive.archived_at,
            "dropped_at": archive.dropped_at,
        }
        for archive in archives
    ]


def _in_the_log() -> list[dict[str, Any]]:
    reasons = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT month, kind, reason FROM events_keptmonth ORDER BY month, kind, id")
        for month, kind, reason in cursor.fetchall():
            reasons[month].append({"kind": kind, "text": reason})
    return [
        {
            "month": month.suffix,
            "rows": sum(each.last - each.first + 1 for each in extents(month)),
            "reasons": reasons[month.suffix],
        }
        for month in months()
    ]
