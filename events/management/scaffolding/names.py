"""Names of a new event, its service and its subscriber: read from the command line, refused in one sentence."""

import keyword
import re
from dataclasses import dataclass

from django.core.management.base import CommandError

from events.event import all_types
from events.subscriptions.registry import known_subscriber
from kernel.limits import TYPE_NAME

WORDS = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
IRREGULAR = frozenset(
    [
        "begun",
        "bought",
        "broken",
        "brought",
        "built",
        "chosen",
        "cut",
        "drawn",
        "fallen",
        "found",
        "given",
        "gone",
        "grown",
        "held",
        "kept",
        "known",
        "left",
        "lost",
        "made",
        "met",
        "out",
        "paid",
        "put",
        "ran",
        "read",
        "risen",
        "run",
        "sent",
        "set",
        "shown",
        "shut",
        "sold",
        "spent",
        "split",
        "stolen",
        "stood",
        "swept",
        "taken",
        "thrown",
        "told",
        "withdrawn",
        "won",
        "written",
    ]
)
"""Words that put a name into the past without ending in -ed, as in `stock_ran_low` and `product_out_of_stock`."""
NO_PARTICIPLES = frozenset(["bed", "breed", "deed", "feed", "need", "red", "seed", "shed", "speed"])


@dataclass(frozen=True, kw_only=True)
class EventName:
    """`pos.drawer_opened`: the app and the fact."""

    app: str
    fact: str

    def __str__(self) -> str:
        return f"{self.app}.{self.fact}"

    @property
    def class_name(self) -> str:
        return "".join(word.capitalize() for word in self.fact.split("_"))


def read_event_name(typed: str) -> EventName:
    """:raises CommandError: when it is not `app.past_tense`, or an event has it already."""
    app, fact = _in_two(typed, "an event", "pos.drawer_opened")
    words = fact.split("_")
    if not any(_is_past(word) for word in words):
        message = (
            f"{typed} is not in the past tense: name what has happened, as in pos.drawer_opened "
            "(an irregular verb that is missing here is added to IRREGULAR in events/management/scaffolding/names.py)"
        )
        raise CommandError(message)
    name = EventName(app=app, fact=fact)
    for declared in all_types():
        if declared.name == typed:
            message = f"{typed} is declared already, by {declared.cls.__module__}.{declared.cls.__qualname__}"
            raise CommandError(message)
    return name


def read_subscriber_name(typed: str) -> tuple[str, str]:
    """Return the app and the function of `notifications.note_drawer_opened`.

    :raises CommandError: when it is not `app.verb_phrase`, or a subscriber has it already.
    """
    app, function = _in_two(typed, "a subscriber", "notifications.note_drawer_opened")
    if known_subscriber(typed) is not None:
        message = f"{typed} is declared already: names of subscribers are permanent and unique"
        raise CommandError(message)
    return app, function


def require_function_name(typed: str) -> str:
    """:raises CommandError: when it cannot name a service: `verb_noun`."""
    if not WORDS.fullmatch(typed) or "_" not in typed or keyword.iskeyword(typed):
        message = f"{typed[:40]!r} cannot name a service: write verb_noun in snake_case, as in open_drawer"
        raise CommandError(message)
    return typed


def _in_two(typed: str, what: str, example: str) -> tuple[str, str]:
    app, _, rest = typed.partition(".")
    if not WORDS.fullmatch(app) or not WORDS.fullmatch(rest) or "_" not in rest:
        message = f"{typed[:40]!r} cannot name {what}: write app.words_in_snake_case, as in {example}"
        raise CommandError(message)
    if len(typed) > TYPE_NAME:
        message = f"the name {typed[:40]}… has {len(typed)} characters, and at most {TYPE_NAME} are allowed"
        raise CommandError(message)
    return app, rest


def _is_past(word: str) -> bool:
    return word in IRREGULAR or (word.endswith("ed") and word not in NO_PARTICIPLES)
