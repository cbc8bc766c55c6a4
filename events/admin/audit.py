"""The audit in the admin: read by those who may, written by nobody here."""

from django.contrib import admin

from events.models import AuditEntry
from web.admin import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("acted_at", "tenant_id", "actor", "action", "subject", "detail", "address")
    list_filter = ("action",)
    search_fields = ("actor", "subject", "detail", "address")
    ordering = ("-acted_at", "-id")
