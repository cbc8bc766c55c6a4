"""A row of a table that tenants share."""

from django.db import models

from kernel.walls import WalledManager


class Walled(models.Model):
    """A row of a table that tenants share: whoever reads, saves or follows it names the tenant."""

    tenant_id = models.TextField()

    objects = WalledManager()

    class Meta:
        abstract = True
        managed = False
        base_manager_name = "objects"
