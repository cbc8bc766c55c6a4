"""Edited copies: what may be published in the place of an event that a subscriber could not apply."""

import json
from typing import Any

from events.event import Event, EventUnreadable, decode, find_type
from events.log.envelope import Envelope
from events.subscriptions.bindings import is_bound
from kernel.refusals import Refusal
from kernel.text import is_storable


class CopyInvalid(Refusal):
    code = "copy-invalid"
    title = "Invalid copy"
    status = 422


def corrected(original: Envelope, data: dict[str, Any], subscriber: str) -> Event:
    """Make the event that stands for another one from new data. Belongs under the lock of the subscription.

    :raises CopyInvalid: when the data does not fit the event's class or belongs to another stream, or when the
        subscription does not hear what is published next.
    """
    if not is_storable(data):
        raise CopyInvalid("the copy holds a character that cannot be stored: NUL, or half of a surrogate pair")
    try:
        newest = find_type(original.type)
        copy: Event = decode(newest.name, newest.version, json.dumps(data))
    except EventUnreadable as error:
        raise CopyInvalid(str(error)) from None
    if newest.stream.format_map(vars(copy)) != original.stream:
        message = f"the copy would be about {newest.stream.format_map(vars(copy))}, not {original.stream}"
        raise CopyInvalid(message)
    if not is_bound(original.tenant_id, subscriber, newest.name):
        message = (
            f"{subscriber} of {original.tenant_id} no longer hears {newest.name}, so that nothing would apply the copy;"
            " discard the event"
        )
        raise CopyInvalid(message)
    return copy
