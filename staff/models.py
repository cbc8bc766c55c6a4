"""Who works in a shop, or (in the shared schema) on the platform."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who may sign in to the admin of the host where the row lives; groups are the roles."""
