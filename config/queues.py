"""The broker's queues, by who serves them: what waits for others' servers must not hold up what needs only ours.

Nor do those who wait for different servers wait for one another: the card gateway, the operator's own servers for mail
and for bridges, and the tenants' endpoints.
"""

INSIDE = ("events", "stock", "platform")
CARDS = ("cards",)
OPERATORS = ("mail", "bridges")
ENDPOINTS = ("webhooks",)
BACKLOG = "backlog"
ORDINARY = (*INSIDE, *CARDS, *OPERATORS, *ENDPOINTS)
QUEUES = (*ORDINARY, BACKLOG)
