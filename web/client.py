"""Where a request comes from: the address of the client, as far as the proxies in front of us can be trusted."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

_address: ContextVar[str] = ContextVar("client_address", default="")


def client_address(request: HttpRequest) -> str:
    """Return the client's address: the peer's, or what the outermost of our TRUSTED_PROXIES says it was.

    Each proxy appends the address of its peer to `X-Forwarded-For`; what stands before was sent by the client. Empty,
    when there is no valid address.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    count: int = settings.TRUSTED_PROXIES
    return valid_address(hops[-count] if count and len(hops) >= count else peer)


def network_of(address: str) -> str:
    """Return what limits count by: an IPv4 address, or the /64 that one IPv6 customer has."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)


@contextmanager
def coming_from(request: HttpRequest) -> Iterator[None]:
    """Let what is recorded in this context carry the client's address."""
    token = _address.set(client_address(request))
    try:
        yield
    finally:
        _address.reset(token)


def current_address() -> str:
    return _address.get()


def valid_address(address: str) -> str:
    """Return an address in the form in which it is compared; empty, when it is none."""
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return ""
