"""Who works in a shop, or (in the shared schema) on the platform."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models

from kernel.ids import new_id


class User(AbstractUser):
    """A person who may sign in to the admin of the host where the row lives; groups are the roles."""


class ApiKey(models.Model):
    """A key for an integrator or an operator's tool. Only its hash is kept; `scopes` say what it may do."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name: ClassVar = "API key"

    def __str__(self) -> str:
        return self.name
