"""API keys: `Authorization: Bearer tk.<tenant>.<secret>`."""

from dataclasses import dataclass
from uuid import UUID

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kernel.api.errors import ApiProblem
from kernel.tenancy import current_tenant, in_public
from staff.models import ApiKey
from staff.services import KEY_PREFIX, hash_of_key


@dataclass(frozen=True, kw_only=True)
class KeyHolder:
    """The principal of a request with an API key. `pk` is what throttles count by."""

    pk: UUID
    name: str
    scopes: tuple[str, ...]
    is_authenticated: bool = True

    @property
    def actor(self) -> str:
        return f"api-key:{self.name}"


class ApiKeyAuthentication(BaseAuthentication):
    """The key names its tenant, which must be the one at this host."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, ApiKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        prefix, _, rest = key.partition(".")
        if scheme.lower() != "bearer" or prefix != KEY_PREFIX or in_public():
            return None
        if rest.partition(".")[0] != current_tenant():
            raise ApiProblem(403, "tenant-mismatch", "This key belongs to another shop than the one at this host.")
        found = ApiKey.objects.filter(key_hash=hash_of_key(key), revoked_at=None).first()
        if found is None:
            raise AuthenticationFailed("No valid API key of this shop is this one.")
        return KeyHolder(pk=found.id, name=found.name, scopes=tuple(found.scopes)), found

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "staff.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key of an integrator, with scopes."}
