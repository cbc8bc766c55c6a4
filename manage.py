#!/usr/bin/env python
"""Run one of the project's commands; `manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(f"the settings are wrong: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
