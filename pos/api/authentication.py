"""Device tokens: `Authorization: Bearer tf.<tenant>.<secret>`."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kernel.api.errors import ApiProblem
from kernel.api.terminal import Terminal
from kernel.tenancy import current_tenant, in_public
from pos.models import Device
from pos.services.tills import TOKEN_PREFIX, hash_of


class DeviceTokenAuthentication(BaseAuthentication):
    """The token names its tenant, which must be the one at this host."""

    def authenticate(self, request: Request) -> tuple[Terminal, Device] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or in_public():
            return None
        prefix, _, rest = token.partition(".")
        tenant, _, secret = rest.partition(".")
        if prefix != TOKEN_PREFIX or not secret:
            raise AuthenticationFailed("This is no device token.")
        if tenant != current_tenant():
            raise ApiProblem(403, "tenant-mismatch", "This token belongs to another shop than the one at this host.")
        devices = Device.objects.select_related("register__location")
        device = devices.filter(token_hash=hash_of(token)).first()
        if device is None:
            raise AuthenticationFailed("No device of this shop has this token.")
        if device.status == Device.Status.REVOKED:
            raise ApiProblem(401, "device-revoked", f"The device {device.name} was revoked.")
        location = device.register.location
        terminal = Terminal(
            device_id=device.id,
            register_id=device.register_id,
            location_id=location.id,
            currency=location.currency,
        )
        return terminal, device

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class DeviceTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "pos.api.authentication.DeviceTokenAuthentication"
    name = "deviceToken"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The token of a paired device."}
