#!/usr/bin/env python
"""Run one of the project's commands; `manage.py help` lists them."""

import sys

from config.startup import require_apps


def main() -> None:
    require_apps()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
