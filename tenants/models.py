"""Who our customers are: tenants and the hosts they are reached at."""

from typing import Any, ClassVar

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from kernel.constraints import Check
from kernel.ids import new_id
from kernel.validators import validate_currency, validate_timezone
from tenants.hostnames import tenant_host
from tenants.names import LONGEST, SHORTEST, validate_name


class Tenant(TenantMixin):
    class Status(models.TextChoices):
        PROVISIONING = "PROVISIONING", "Provisioning"
        ACTIVE = "ACTIVE", "Active"
        SUSPENDED = "SUSPENDED", "Suspended"
        CLOSING = "CLOSING", "Closing"
        CLOSED = "CLOSED", "Closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    schema_name = models.CharField(
        max_length=63,
        unique=True,
        validators=[validate_name],
        help_text=f"Permanent, also of the schema: {SHORTEST} to {LONGEST} lower-case letters, digits, underscores",
    )
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PROVISIONING)
    currency = models.CharField(
        max_length=3, default="EUR", validators=[validate_currency], help_text="ISO 4217, with two decimals"
    )
    timezone = models.CharField(
        max_length=64, default="UTC", validators=[validate_timezone], help_text="IANA time zone"
    )
    owner_email = models.EmailField(blank=True, help_text="Receives the alerts of this shop")
    created_at = models.DateTimeField(auto_now_add=True)

    auto_create_schema = False
    auto_drop_schema = False

    class Meta:
        constraints: ClassVar = [
            Check(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"),
                name="tenant_currency_is_iso",
                field="currency",
                sentence="A currency has three capital letters, as in ISO 4217: EUR.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, verbosity: int = 1, *arguments: Any, **options: Any) -> None:
        """Write the row. The status of a row that exists is left as it is: that of this object may be out of date.

        :raises ValidationError: when a new tenant has a name that no tenant may have.
        :raises ValueError: when the status of a row that exists is among `update_fields`: services change it.
        """
        if self._state.adding or options.get("force_insert"):
            validate_name(self.schema_name)
        else:
            chosen = options.get("update_fields")
            if chosen is None:
                names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
                options["update_fields"] = names - {"status"}
            elif "status" in chosen:
                message = "the status is changed by a service, which names the status before (tenants/services.py)"
                raise ValueError(message)
        super().save(verbosity, *arguments, **options)

    @property
    def accepts_work(self) -> bool:
        """Say whether the subscribers of this tenant may run; what they missed waits in the log."""
        return self.status in {self.Status.PROVISIONING, self.Status.ACTIVE}

    @property
    def accepts_requests(self) -> bool:
        return self.status == self.Status.ACTIVE

    @property
    def is_furnished(self) -> bool:
        """Say whether all of its tables are there; the tables of others would be found in the place of missing ones."""
        return self.status in {self.Status.ACTIVE, self.Status.SUSPENDED}

    def delete(self, *_arguments: Any, **_options: Any) -> Any:
        """:raises ValueError: always. The row keeps the name from being given again, and the schema may be in use."""
        message = "a tenant is closed by a service (tenants/services.py), and its row is kept"
        raise ValueError(message)


class Domain(DomainMixin):
    """A host of a tenant. :raises ValidationError: on saving, when no tenant can be reached at it."""

    domain: str

    def save(self, *arguments: Any, **options: Any) -> None:
        self.domain = tenant_host(self.domain)
        super().save(*arguments, **options)

    def __str__(self) -> str:
        return self.domain
