"""What every process asks before it serves. `python -m config.startup` prints one sentence, and exits with 1."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def require_settings() -> None:
    """End the process with one sentence when the settings cannot be read."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    with _in_one_sentence():
        _ = settings.INSTALLED_APPS


def require_apps() -> None:
    """Make the applications ready, or end the process with one sentence when a setting is wrong."""
    require_settings()
    import django

    with _in_one_sentence():
        django.setup()


def require_servers() -> None:
    """End a process that would serve with one sentence when nobody has named its database and its broker."""
    from django.conf import settings

    if settings.NOT_NAMED:
        servers = " and ".join(sorted(settings.NOT_NAMED))
        sys.exit(f"no embedded stack runs here, and these are not set: {servers}; make demo, make up, or set them")


def main() -> None:
    require_settings()
    require_servers()
    require_apps()
    from config.role import refuse_unbound_role

    refuse_unbound_role()


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    from django.core.exceptions import ImproperlyConfigured

    try:
        yield
    except ImproperlyConfigured as error:
        sys.exit(f"the settings are wrong: {error}")


if __name__ == "__main__":
    main()
