"""The shop's settings, with the deadly subscriber installed beside the shop's own."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as ORDINARY_APPS

INSTALLED_APPS = [*ORDINARY_APPS, "tests.support.deadly"]
