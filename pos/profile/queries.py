"""What can be asked of the shop's profile."""

from pos.memory.shop import Kind
from pos.profile.models import ShopProfile

PROFILES: Kind[str, ShopProfile] = Kind(name="current profile", models=(ShopProfile,))
NONE_YET = ShopProfile(version=0, legal_name="", cut_over_hour=0)
"""Of a shop that has no profile yet."""


def current_profile() -> ShopProfile:
    """Return the current version of the shop's profile. Nobody changes it: other threads have it too."""
    return PROFILES.recall_one("current", lambda _: ShopProfile.objects.filter(current=True).first()) or NONE_YET
