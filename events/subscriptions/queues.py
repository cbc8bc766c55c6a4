"""The queues that subscribers and senders may name: who serves them decides who waits for whom."""

from enum import StrEnum


class Queue(StrEnum):
    EVENTS = "events"
    STOCK = "stock"
    PLATFORM = "platform"
    CARDS = "cards"
    """What waits for the card gateway."""
    MAIL = "mail"
    BRIDGES = "bridges"
    WEBHOOKS = "webhooks"
    BACKLOG = "backlog"
    """Drains that had more to do than their time allowed."""
