"""Commands of libraries that would bypass our rules for people and for signing in."""

from kernel.commands import Replaced


class Command(Replaced):
    help = "Use `manage.py owner` instead."
    instead = "use OWNER_PASSWORD=… manage.py owner NAME [--tenant SHOP]: it checks the password"


class RecoveryCodes(Replaced):
    help = "Use `manage.py owner NAME --remove-second-factor` instead."
    instead = (
        "recovery codes are for the person's own eyes, under Second factor in the admin; where a phone is lost, use "
        "manage.py owner NAME [--tenant SHOP] --remove-second-factor"
    )


class SignInFailures(Replaced):
    help = "Use `manage.py sign_in` instead."
    instead = "use manage.py sign_in list, or manage.py sign_in unlock NAME@SHOP | ADDRESS"
