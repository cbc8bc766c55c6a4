"""Which events a reader of a feed may not see."""

from rest_framework.request import Request

from events.event import types_with_members
from kernel.permissions import TELL_DIFFERENCES, Permission
from web.terminal import Terminal


def hidden_types(request: Request) -> list[str]:
    """Return the types that tell what should be in a drawer, where a terminal asks and nobody there may see it.

    Types are known by the names of their members, so that one that is added later is hidden as well.
    """
    reader = request.user
    if not isinstance(reader, Terminal) or reader.may(Permission.SEE_OVER_SHORT):
        return []
    return types_with_members(TELL_DIFFERENCES)
