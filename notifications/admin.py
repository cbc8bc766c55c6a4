"""Messages and alert recipients in the admin of a shop."""

from django.contrib import admin

from notifications.models import AlertRecipient, Message
from web.admin import ShopAdmin, ShopReadOnlyAdmin


@admin.register(AlertRecipient)
class AlertRecipientAdmin(ShopAdmin):
    list_display = ("email",)


@admin.register(Message)
class MessageAdmin(ShopReadOnlyAdmin):
    list_display = ("created_at", "kind", "recipient", "subject", "state", "sent_at")
    list_filter = ("kind", "state")
    search_fields = ("recipient", "subject")
