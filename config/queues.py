"""The broker's queues, by who serves them: what waits for others' servers must not hold up what needs only ours."""

INSIDE = ("events", "stock", "platform")
OUTSIDE = ("cards", "mail", "webhooks", "bridges")
BACKLOG = "backlog"
ORDINARY = (*INSIDE, *OUTSIDE)
QUEUES = (*ORDINARY, BACKLOG)
