"""What the tests of the event layer share."""

import pytest

from tenants.models import Tenant
from tests.events.recording import Recorder


@pytest.fixture
def recorder(shop: Tenant) -> Recorder:
    return Recorder()
