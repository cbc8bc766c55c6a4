"""Where a request takes place: at the location and register of a terminal, or at those that a key's holder names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from rest_framework.request import Request

from kernel import limits
from web.errors import ApiProblem

Kind = Literal["location", "register"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """:param register: the row, with its location; None where only the location is known.

    :param code: of the location, where it was asked for.
    """

    location_id: UUID
    currency: str
    register: Any = None
    code: str = ""

    def is_within(self, other: "Place", kind: Kind) -> bool:
        if kind == "location":
            return self.location_id == other.location_id
        return bool(self.register.pk == other.register.pk)


Finder = Callable[[Kind, str], Place | None]
"""Finds a location or a register of the shop by its code or its id."""
_finders: list[Finder] = []
Lister = Callable[[], list[tuple[UUID, str]]]
"""Lists the locations of the shop: their ids and names."""
_listers: list[Lister] = []


def find_places_with(finder: Finder) -> None:
    _finders[:] = [finder]


def list_places_with(lister: Lister) -> None:
    _listers[:] = [lister]


def places_of_shop() -> list[tuple[UUID, str]]:
    """List the locations of the shop, by name."""
    (lister,) = _listers
    return lister()


def enter_place(request: Request, kind: Kind) -> Place:
    """Decide where a request takes place, by its parameter `location` or `register`. A terminal need not name its own.

    :raises ApiProblem: when the parameter is missing, names nothing, or another place than that of the terminal.
    """
    own: Place | None = getattr(request.user, "place", None)
    name = request.query_params.get(kind)
    if name is None and own is None:
        detail = f"An API key belongs to no {kind}: name one by its code or id, ?{kind}=…"
        raise ApiProblem(422, f"{kind}-missing", detail, parameter=kind)
    place = own if name is None else _find(kind, name)
    if place is None:
        raise ApiProblem(422, f"{kind}-unknown", f"This shop has no {kind} {str(name)[:40]!r}.", parameter=kind)
    if own is not None and not place.is_within(own, kind):
        detail = f"The terminal is paired with another {kind} than {str(name)[:40]!r}: leave the parameter out."
        raise ApiProblem(422, f"{kind}-not-its-own", detail, parameter=kind)
    request.place = place  # type: ignore[attr-defined]
    return place


def find_location(name: str) -> Place | None:
    """Find a location of the shop by its code or its id."""
    return _find("location", name)


def place_of(request: Request) -> Place:
    """Return where the request takes place. The operation declares that it has one."""
    place: Place = request.place  # type: ignore[attr-defined]
    return place


def named_place(request: Request) -> str:
    """Name the place that the holder of a key chose: it is a part of what the request asks. Empty for a terminal."""
    place: Place | None = getattr(request, "place", None)
    if place is None or getattr(request.user, "place", None) is not None:
        return ""
    return f"@{place.register.pk if place.register else place.location_id}"


def _find(kind: Kind, name: str) -> Place | None:
    (finder,) = _finders
    return finder(kind, name) if name.isprintable() and len(name) <= limits.CODE else None
