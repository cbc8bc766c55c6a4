"""Version pins: outward consumers of a tenant that need an older version get it."""

from collections.abc import Mapping

from events.event import Category, EventType, EventUnreadable, find_type
from events.models import VersionPin
from events.versions import can_downcast
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant


class PinImpossible(Refusal):
    code = "pin-impossible"
    title = "Version not available"
    status = 422


def pin_version(*, type_name: str, version: int | None) -> None:
    """Serve the current tenant's consumers a type in an older version; None serves them the newest again.

    :raises PinImpossible: when there is no such event for consumers, or no way back to that version.
    """
    if version is None:
        lifted, _ = VersionPin.objects.filter(tenant_id=current_tenant(), type=type_name).delete()
        if not lifted:
            _require_for_consumers(type_name)
        return
    require_servable({type_name: version})
    VersionPin.objects.update_or_create(tenant_id=current_tenant(), type=type_name, defaults={"version": version})


def pins_of_tenant() -> dict[str, int]:
    return dict(VersionPin.objects.filter(tenant_id=current_tenant()).values_list("type", "version"))


def require_servable(pins: Mapping[str, int]) -> None:
    """:raises PinImpossible: when one of the versions cannot be served."""
    for type_name, version in pins.items():
        newest = _require_for_consumers(type_name)
        if version < 1 or not can_downcast(type_name, newest.version, version):
            message = f"{type_name} cannot be served in version {version}; the newest is {newest.version}"
            raise PinImpossible(message)


def _require_for_consumers(type_name: str) -> EventType:
    try:
        found = find_type(type_name)
    except EventUnreadable as error:
        raise PinImpossible(str(error)) from None
    if found.category is not Category.INTEGRATION:
        message = f"{type_name} is not for consumers outside"
        raise PinImpossible(message)
    return found
