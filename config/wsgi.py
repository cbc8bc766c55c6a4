"""The web processes' entry: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - it is Django that knows where our settings are

from config.entrance import Entrance  # noqa: E402
from config.liveness import Liveness  # noqa: E402
from config.request_ids import RequestIds  # noqa: E402
from config.shares import ThreadShares  # noqa: E402
from tenants.hosts import known_tenant_at  # noqa: E402

shares = ThreadShares(
    Entrance(django_application),
    threads=settings.WEB_THREADS,
    of_one=settings.WEB_THREADS_OF_ONE,
    tenant_at=known_tenant_at,
)
application = Liveness(RequestIds(shares))
