"""API keys: `Authorization: Bearer tk.<tenant>.<secret>`."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kernel.tenancy import current_tenant, in_public
from kernel.tokens import hash_of
from kernel.usage import is_stale
from staff.models import ApiKey
from staff.services import KEY_PREFIX
from web.errors import ApiProblem


@dataclass(frozen=True, kw_only=True)
class KeyHolder:
    """The principal of a request with an API key. `pk` is what throttles count by."""

    pk: UUID
    name: str
    key_hash: str
    scopes: tuple[str, ...]
    is_authenticated: bool = True

    @property
    def actor(self) -> str:
        return f"api-key:{self.name}"

    def still_holds(self) -> bool:
        """Say whether the key is valid at this moment: long answers ask again."""
        now = timezone.now()
        return ApiKey.objects.answering_to(self.key_hash, now).filter(pk=self.pk).exists()


class ApiKeyAuthentication(BaseAuthentication):
    """The key names its tenant, which must be the one at this host."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, ApiKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        prefix, _, rest = key.partition(".")
        if scheme.lower() != "bearer" or prefix != KEY_PREFIX or in_public():
            return None
        if rest.partition(".")[0] != current_tenant():
            raise ApiProblem(403, "tenant-mismatch", "This key belongs to another shop than the one at this host.")
        key_hash, now = hash_of(key), timezone.now()
        found = ApiKey.objects.answering_to(key_hash, now).first()
        if found is None:
            raise AuthenticationFailed("Unknown or revoked API key.")
        if is_stale(found.last_used_at, now):
            ApiKey.objects.filter(pk=found.pk).update(last_used_at=now)
        return KeyHolder(pk=found.id, name=found.name, key_hash=key_hash, scopes=tuple(found.scopes)), found

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "staff.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key of an integrator, with scopes."}
