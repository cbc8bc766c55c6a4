"""What is counted: events and doorbells, as Prometheus metrics. Processes of one host share a folder of counts.

`PROMETHEUS_MULTIPROC_DIR` names that folder; without it each process counts for itself.
"""

from prometheus_client import Counter, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)

published = Counter("tillflow_events_published", "Events committed to the log", ["type"])
processed = Counter("tillflow_events_processed", "Events applied, by subscriber and type", ["subscriber", "type"])
failed = Counter("tillflow_events_failed", "Attempts that failed and will be repeated", ["subscriber", "type"])
outdated_drains = Counter(
    "tillflow_events_outdated_drains",
    "Drains that stopped before an event that only newer code handles",
    ["subscriber"],
)
dead = Counter("tillflow_events_dead", "Events that went dead", ["subscriber", "type"])
apply_seconds = Histogram(
    "tillflow_event_apply_seconds",
    "Seconds from an event's commit to its effect (of large transactions a sample)",
    ["subscriber"],
    buckets=SECONDS,
)
reaction_seconds = Histogram(
    "tillflow_reaction_seconds", "Seconds that a listener or a subscriber's handler took", ["listener"], buckets=SECONDS
)
doorbells = Counter("tillflow_doorbells", "Doorbells, by outcome", ["outcome"])
deliveries = Counter("tillflow_webhook_deliveries", "Attempts to deliver a webhook, by outcome", ["outcome"])
follower_failures = Counter("tillflow_follower_failures", "Looks at the platform's log that failed; they are repeated")
