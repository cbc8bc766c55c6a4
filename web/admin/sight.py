"""Who may see in the admin of a shop what should be in a drawer: pages of lower layers ask what a higher one knows."""

from collections.abc import Callable

from django.http import HttpRequest

from kernel.tenancy import in_public

Rule = Callable[[HttpRequest], bool]
_rules: list[Rule] = []


def see_differences_by(rule: Rule) -> None:
    """Let a rule decide on the pages of every shop."""
    _rules.append(rule)


def sees_differences(request: HttpRequest) -> bool:
    """Say whether every rule lets this person see it; on the platform's host there are no tills and no rules."""
    return in_public() or all(rule(request) for rule in _rules)
