"""The shop's profile: each change is a new version."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Max
from django.utils import timezone

from events.operations import audit
from events.publishing.unit_of_work import unit_of_work
from pos.profile.models import ShopProfile

EDITED = ("legal_name", "address", "vat_number", "receipt_header", "receipt_footer", "cut_over_hour", "scale_prefixes")


def put_profile(*, values: Mapping[str, Any]) -> ShopProfile:
    """Make a version of the profile the current one. Receipts that were issued keep the version before.

    :param values: by field, those of `EDITED`; what is left out stays as it was.
    """
    with unit_of_work():
        before = ShopProfile.objects.select_for_update().filter(current=True).first()
        newest = ShopProfile.objects.aggregate(newest=Max("version"))["newest"] or 0
        kept = {name: getattr(before, name) for name in EDITED} if before else {}
        profile = ShopProfile(**{**kept, **values}, version=newest + 1, made_at=timezone.now())
        ShopProfile.objects.filter(current=True).update(current=False)
        profile.save(force_insert=True)
        changed = ", ".join(name for name in EDITED if not before or getattr(before, name) != getattr(profile, name))
        audit.record(action="profile changed", subject=f"profile:{profile.version}", detail=changed or "nothing")
    return profile
