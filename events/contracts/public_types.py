"""Which types of events consumers outside may name: a name that no event has would be waited for in vain."""

from collections.abc import Sequence

from events.event import Category, EventUnreadable, find_type
from kernel import limits
from kernel.refusals import Refusal


class TypesUnknown(Refusal):
    code = "types-unknown"
    title = "Unknown event types"
    status = 422


def require_types(types: Sequence[str]) -> None:
    """Refuse names of events that no consumer outside gets.

    :raises TypesUnknown: when a type is no integration event, or there are too many.
    """
    if len(types) > limits.MOST_TYPES:
        message = f"at most {limits.MOST_TYPES} types can be named, not {len(types)}; none stands for all"
        raise TypesUnknown(message, field="types")
    for name in types:
        try:
            category = find_type(name).category
        except EventUnreadable:
            category = None
        if category is not Category.INTEGRATION:
            message = f"{name[: limits.TYPE_NAME]} is not an event for consumers outside; docs/events.md lists those"
            raise TypesUnknown(message, field="types")
