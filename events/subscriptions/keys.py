"""Keys: under which names the broker keeps the hints. Losing one costs only time."""

from events.subscriptions.registry import Subscriber


def round_bell(tenant_id: str, queue: str) -> str:
    return f"round:{tenant_id}:{queue}"


def bell(tenant_id: str, subscriber: Subscriber) -> str:
    return f"doorbell:{tenant_id}:{subscriber.name}"


def later(tenant_id: str, subscriber: Subscriber) -> str:
    return f"later:{tenant_id}:{subscriber.name}"


def running(tenant_id: str, subscriber: Subscriber) -> str:
    return f"draining:{tenant_id}:{subscriber.name}"


def behind(tenant_id: str, subscriber: Subscriber) -> str:
    return f"behind:{tenant_id}:{subscriber.name}"
