"""Messages: what Celery would send for a round, ready-made.

A round's message differs from the last one only in its ids and its moment. So those of all queues are put into their
lists in one round trip, without a connection and a channel of Celery's.
"""

import base64
import json
from datetime import timedelta
from functools import lru_cache
from typing import Any, cast
from uuid import uuid4

from celery import current_app

ROUND = "events.round"
"""The task that drains the subscribers of one queue for one tenant."""

_ID, _TAG, _ETA = "%id%", "%tag%", "%eta%"


def round_message(tenant_id: str, queue: str, *, countdown: float = 0.0) -> str:
    """Write the message that asks for a round.

    :param countdown: seconds until it is due; a worker holds it until then.
    """
    eta = f'"{(current_app.now() + timedelta(seconds=countdown)).isoformat()}"' if countdown > 0 else "null"
    return _template(tenant_id, queue).replace(f'"{_ETA}"', eta).replace(_ID, str(uuid4())).replace(_TAG, str(uuid4()))


def list_of(queue: str) -> str:
    """Name the broker's list of messages that wait in a queue."""
    return f"{current_app.conf.broker_transport_options['global_keyprefix']}{queue}"


@lru_cache(maxsize=4096)
def _template(tenant_id: str, queue: str) -> str:
    keywords, app = {"tenant": tenant_id, "queue": queue}, cast("Any", current_app)
    message = app.amqp.as_task_v2(_ID, ROUND, kwargs=keywords, reply_to=app.thread_oid, ignore_result=None)
    body = base64.b64encode(json.dumps(message.body).encode()).decode()
    return json.dumps(
        {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {**message.headers, "eta": _ETA},
            "properties": {
                **message.properties,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": _TAG,
            },
        }
    )
