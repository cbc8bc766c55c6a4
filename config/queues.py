"""The broker's queues. A worker serves all but the backlog's, which has one that gives way to it."""

ORDINARY = ("events", "stock", "mail", "cards", "webhooks", "bridges", "platform")
BACKLOG = "backlog"
QUEUES = (*ORDINARY, BACKLOG)
