"""The hosts of tenants, in the one form in which they are stored and looked up."""

import ipaddress
import re

import idna
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.request import split_domain_port, validate_host

SERVICES = frozenset(
    {
        *("admin", "api", "autoconfig", "autodiscover", "flower", "imap", "mail", "metrics", "ns1", "ns2"),
        *("smtp", "static", "status", "www"),
    }
)
"""First labels under BASE_DOMAIN that no shop gets: a proxy, a mail server or a browser expects somebody else there."""
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


def normal_host(text: str) -> str:
    """Return a host as it is stored: IDNA, in lower case, without the last dot.

    :param text: the name alone, as people write it: `Müller.example`.
    :raises ValidationError: when it is not a host name.
    """
    if re.search(r"[\s/:@?#\\]", text):
        message = f"{text!r} is more than a host: leave out scheme, port, path and blanks"
        raise ValidationError(message, "malformed")
    try:
        host = idna.encode(text, uts46=True, std3_rules=True).decode().lower().removesuffix(".")
    except UnicodeError as error:
        message = f"{text!r} is not a host name: {error}"
        raise ValidationError(message, "malformed") from None
    if _is_address(host):
        message = f"{text!r} is an address: a tenant is reached at a name"
        raise ValidationError(message, "address")
    return host


def tenant_host(text: str) -> str:
    """Return a host as it is stored, where a tenant can be reached at it.

    :raises ValidationError: when it is not a host name, is the platform's own, or would not be answered.
    """
    host = normal_host(text)
    if is_platform_host(host) or is_service_host(host):
        message = f"{host!r} is the platform's own host, or kept for one of its services: choose another name or host"
        raise ValidationError(message, "reserved")
    if not validate_host(host, settings.ALLOWED_HOSTS):
        message = f"ALLOWED_HOSTS does not have {host!r}, so that nothing would answer there: add it first"
        raise ValidationError(message, "unreachable")
    return host


def requested_host(header: str) -> str:
    """Return the host of a request in the form in which hosts are stored.

    :param header: a `Host` that Django has accepted, with or without a port.
    """
    return str(split_domain_port(header)[0])


def is_platform_host(host: str) -> bool:
    return host in {settings.BASE_DOMAIN.lower(), "localhost", "127.0.0.1"}


def is_service_host(host: str) -> bool:
    """Say whether a host beside the shops' is a service of the platform, as Flower in `deploy/nginx`."""
    label, _, domain = host.partition(".")
    return domain == settings.BASE_DOMAIN and label in SERVICES


def _is_address(host: str) -> bool:
    """Say whether clients take it for an address: they do so whenever its last label is a number."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_NUMBER.fullmatch(host.rpartition(".")[2]))
    return True
