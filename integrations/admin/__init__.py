"""Webhook endpoints and deliveries in the admin."""

from integrations.admin import webhooks

__all__ = ["webhooks"]
