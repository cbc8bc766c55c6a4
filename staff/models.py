"""Who works in a shop, or (in the shared schema) on the platform; how they sign in; and the keys of integrators."""

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from kernel.constraints import Check
from kernel.ids import new_id
from staff.duty.models import Approval, PinTries, Role, StaffMember, StaffSession

__all__ = [
    "ApiKey",
    "Approval",
    "OfferedPermissions",
    "PinTries",
    "Role",
    "SignInRules",
    "StaffMember",
    "StaffSession",
    "User",
]
SHORTEST_IDLE_MINUTES, LONGEST_IDLE_MINUTES = 5, 12 * 60
KEY_NAME = 100


class User(AbstractUser):
    """A person who may sign in to the admin of the host where the row lives; groups are the roles."""


class SignInRules(models.Model):
    """How this shop's staff sign in: one row, or none where nothing was chosen."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    second_factor_required = models.BooleanField(
        default=False, help_text="Whoever signs in needs the code of an authenticator app"
    )
    idle_minutes = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(SHORTEST_IDLE_MINUTES), MaxValueValidator(LONGEST_IDLE_MINUTES)],
        help_text="Minutes without a request after which a session that begins from now on ends",
    )

    class Meta:
        verbose_name: ClassVar = "rules for signing in"
        verbose_name_plural: ClassVar = "rules for signing in"
        constraints: ClassVar = [
            Check(condition=Q(id=1), name="sign_in_rules_are_one", field="id", sentence="A shop has one set of rules."),
            Check(
                condition=Q(idle_minutes__gte=SHORTEST_IDLE_MINUTES, idle_minutes__lte=LONGEST_IDLE_MINUTES),
                name="sign_in_rules_idle_minutes",
                field="idle_minutes",
                sentence=f"A session may be idle for {SHORTEST_IDLE_MINUTES} to {LONGEST_IDLE_MINUTES} minutes.",
            ),
        ]

    def __str__(self) -> str:
        return "Rules for signing in"

    @classmethod
    def current(cls) -> Self:
        return cls.objects.first() or cls()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def answering_to(self, key_hash: str, now: datetime) -> Self:
        """Those that a key opens now: neither revoked nor expired; the one before a rotation until its time is up."""
        opened = Q(key_hash=key_hash) | Q(previous_hash=key_hash, previous_until__gt=now)
        return self.filter(opened, Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class OfferedPermissions(models.Model):
    """Up to which permission the shop's roles were completed: what they lack of those was taken from them by hand."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    newest = models.IntegerField(help_text="The largest id")

    def __str__(self) -> str:
        return f"up to {self.newest}"


class ApiKey(models.Model):
    """A key for an integrator or an operator's tool. Only its hash is kept; `scopes` say what it may do.

    `last_used_at` is exact to some minutes. The database refuses to take a revocation back.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=KEY_NAME, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    previous_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001 - unique
    previous_until = models.DateTimeField(null=True, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name: ClassVar = "API key"

    def __str__(self) -> str:
        return self.name
