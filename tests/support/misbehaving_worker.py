"""The Celery application of a worker with the subscriber that misbehaves."""

import django

from config.celery import app

django.setup()

from events.subscribing import subscriber
from events.tasks import register_drains
from tenants.events import TenantSuspended
from tests.support.misbehaving import NAME, misbehave

subscriber(NAME, TenantSuspended)(misbehave)
register_drains(app)
