"""`manage.py new_event pos.drawer_opened register_id:UUID …`: the code, payload, schema and test of a new event."""

import argparse
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events.event import Category, all_types
from events.management.scaffolding.editing import Tree
from events.management.scaffolding.fields import Field, read_fields, read_stream
from events.management.scaffolding.names import read_event_name, read_subscriber_name, require_function_name
from events.management.scaffolding.rooms import Room, find_room
from events.management.scaffolding.writing import NewEvent, compose
from kernel.commands import Command as OurCommand
from kernel.text import find_control_character

LONGEST_DESCRIPTION = 100


class Command(OurCommand):
    help = "Write a new event: its class, golden payload, schema and test; a service and a subscriber where named."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("event", help="app.past_tense, as in pos.drawer_opened; the name is permanent")
        parser.add_argument("fields", nargs="+", help="name:type, as in register_id:UUID reason:str 'note:str|None'")
        parser.add_argument("--subject", default="", help="the part of the app that publishes it, as in registers")
        parser.add_argument(
            "--stream", default="", help="what it is about: 'register:{register_id}', by default the first _id"
        )
        parser.add_argument(
            "--category", default=Category.DOMAIN.value, help="DOMAIN (inside the shop), INTEGRATION (public) or SYSTEM"
        )
        parser.add_argument("--description", default="", help="one sentence for the catalogue: what has happened")
        parser.add_argument("--service", default="", help="a function that publishes it, as in open_drawer")
        parser.add_argument("--subscriber", default="", help="app.verb_phrase, as in notifications.note_drawer_opened")
        parser.add_argument("--subscriber-subject", default="", help="the part of the subscriber's app, as in orders")
        parser.add_argument(
            "--folder", type=Path, default=settings.BASE_DIR, help="the source tree; by default this one"
        )
        parser.add_argument("--dry-run", action="store_true", help="print the files, and write nothing")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        tree = Tree(options["folder"])
        new = _read(options)
        compose(new, tree)
        for path in list(tree.files) if options["dry_run"] else tree.write():
            self.stdout.write(f"{'would write' if options['dry_run'] else 'wrote'} {path}")
        if not options["dry_run"]:
            self.stdout.write(_next_steps(new))


def _read(options: dict[str, Any]) -> NewEvent:
    """:raises CommandError: when something was typed wrong."""
    name = read_event_name(options["event"])
    fields = read_fields(options["fields"])
    room = find_room(options["folder"], name.app, options["subject"], role="events", option="--subject")
    return NewEvent(
        name=name,
        fields=fields,
        stream=read_stream(options["stream"], fields),
        category=_category(options["category"]),
        description=_description(options["description"], name.fact, fields),
        room=room,
        service=require_function_name(options["service"]) if options["service"] else "",
        subscriber=_subscriber(options),
    )


def _subscriber(options: dict[str, Any]) -> tuple[Room, str] | None:
    subject = options["subscriber_subject"]
    if not options["subscriber"]:
        if subject:
            raise CommandError("--subscriber-subject needs --subscriber, which it is a part of")
        return None
    app, function = read_subscriber_name(options["subscriber"])
    room = find_room(options["folder"], app, subject, role="subscribers", option="--subscriber-subject")
    return room, function


def _category(typed: str) -> Category:
    try:
        return Category(typed)
    except ValueError:
        message = f"{typed[:40]!r} is not a category: use {', '.join(Category)}"
        raise CommandError(message) from None


def _description(typed: str, fact: str, fields: list[Field]) -> str:
    text = typed.strip() or f"{fact.replace('_', ' ').capitalize()}."
    if (
        len(text) > LONGEST_DESCRIPTION
        or find_control_character(text)
        or {'"', "\\"} & set(text)
        or text[-1] not in ".!?"
    ):
        message = (
            f"the description must be one line of at most {LONGEST_DESCRIPTION} characters that ends with a full stop, "
            "without double quotes and backslashes"
        )
        raise CommandError(message)
    known = {field.name for field in fields} | {declared.name for declared in all_types()}
    unknown = sorted(set(re.findall("`([^`]*)`", text)) - known)
    if unknown:
        message = f"the description names `{unknown[0]}`, which is neither a field of the event nor another event"
        raise CommandError(message)
    return text


def _next_steps(new: NewEvent) -> str:
    test = new.room.tests / f"test_{new.name.fact}.py"
    return f"next: make docs; then .venv/bin/pytest {test}"
