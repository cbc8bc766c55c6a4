"""What the tests of integrations share."""

from tests.support.fixtures import archive, endpoint, old_month, operator, owner, receiver, recorder, sender, this_month

__all__ = ["archive", "endpoint", "old_month", "operator", "owner", "receiver", "recorder", "sender", "this_month"]
