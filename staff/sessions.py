"""Sessions in the admin: they end when nobody works, and at the latest after LONGEST_SESSION_SECONDS."""

import time

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest

from staff.models import SignInRules

SIGNED_IN_AT = "signed_in_at"


def begin(request: HttpRequest) -> None:
    """Let a session that was signed in to end after the minutes without a request that this shop has chosen."""
    request.session[SIGNED_IN_AT] = int(time.time())
    request.session.set_expiry(SignInRules.current().idle_minutes * 60)
    request.session.clear_expired()


def is_alive(request: HttpRequest) -> bool:
    """Say whether the session may go on; one that is too old is signed out."""
    if not request.user.is_authenticated:
        return False
    began = request.session.get(SIGNED_IN_AT)
    if began is None or time.time() - began < settings.LONGEST_SESSION_SECONDS:
        return True
    logout(request)
    return False
