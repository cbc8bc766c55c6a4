"""Not the way to the failures of signing in: names and addresses are stored in another form than they are typed."""

from staff.management.not_here import SignInFailures as Command

__all__ = ["Command"]
