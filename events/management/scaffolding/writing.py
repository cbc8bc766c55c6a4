"""The files of a new event, composed before the first is written."""

import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import msgspec
from django.core.management.base import CommandError

from events.contracts.schemas import schema_of
from events.event import Category, Event, EventType
from events.management.scaffolding.editing import Tree, require_distinct
from events.management.scaffolding.fields import Field
from events.management.scaffolding.names import EventName
from events.management.scaffolding.rooms import Room
from events.management.scaffolding.samples import literal, sample_object, sample_of

GOLDEN = Path("tests", "events", "golden")
PUBLISHING = "from events.publishing.publish import publish", "from events.publishing.unit_of_work import unit_of_work"
CALLED = "publish", "unit_of_work"
"""What a generated service calls, so that none of its parameters may have the name."""


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """:param service: a function that publishes it, "" for none. :param subscriber: app and function, or None."""

    name: EventName
    fields: list[Field]
    stream: str
    category: Category
    description: str
    room: Room
    service: str
    subscriber: tuple[Room, str] | None

    @property
    def imports(self) -> list[str]:
        return [line for field in self.fields for line in field.imports]

    @property
    def module(self) -> str:
        return f"{self.name.app}.events"

    @property
    def as_imported(self) -> str:
        return f"from {self.module} import {self.name.class_name}"


def compose(new: NewEvent, tree: Tree) -> None:
    """Add all files to the tree; nothing is written yet.

    :raises CommandError: when a name is taken in one of them.
    """
    _declare(new, tree)
    if new.service:
        _add_service(new, tree)
    if new.subscriber is not None:
        _add_subscriber(new, *new.subscriber, tree)
    declared = _declared(new)
    tree.put(golden_path(declared), golden_text(declared))
    tree.put(
        Path("schemas", declared.name, "v1.json"), json.dumps({"revisions": [schema_of(declared)]}, indent=2) + "\n"
    )
    _add_test(new, tree)


def golden_path(declared: EventType) -> Path:
    return GOLDEN / f"{declared.name}.v{declared.version}.json"


def golden_text(declared: EventType) -> str:
    """Write an event with sample values as the log would store it."""
    return json.dumps(json.loads(msgspec.json.encode(sample_object(declared.cls))), indent=2) + "\n"


def _declared(new: NewEvent) -> EventType:
    """Make the class in this process, for its schema and its payload; it is not registered."""
    body = {
        "__doc__": new.description,
        "__module__": new.module,
        "__annotations__": {field.name: field.type for field in new.fields},
    }
    cls: type[Event] = dataclass(frozen=True, kw_only=True)(type(new.name.class_name, (Event,), body))
    return EventType(name=str(new.name), version=1, category=new.category, stream=new.stream, cls=cls)


def _declare(new: NewEvent, tree: Tree) -> None:
    path = new.room.module("events")
    fields = "\n".join(f"{field.name}: {field.annotation}" for field in new.fields)
    tree.add(
        path,
        imports=["from events.event import Category, Event, event", *new.imports],
        definition=(
            f'@event("{new.name}", category=Category.{new.category.name}, stream="{new.stream}")\n'
            f"class {new.name.class_name}(Event):\n"
            f'    """{new.description}"""\n\n{indent(fields, "    ")}\n'
        ),
        docstring=f"Events of {new.room.subject or new.name.app}.",
    )
    front = new.room.front("events")
    if front is not None:
        imports = f"from {_dotted(path)} import {new.name.class_name}"
        tree.export(front, imports=imports, name=new.name.class_name)


def _add_service(new: NewEvent, tree: Tree) -> None:
    for field in new.fields:
        if field.name in CALLED:
            message = f"a parameter {field.name} would hide the function that the service calls: rename the field"
            raise CommandError(message)
    parameters = ", ".join(f"{field.name}: {field.annotation}" for field in new.fields)
    values = ", ".join(f"{field.name}={field.name}" for field in new.fields)
    tree.add(
        new.room.services(new.service),
        imports=[*PUBLISHING, f"from {_dotted(new.room.module('events'))} import {new.name.class_name}", *new.imports],
        definition=(
            f"def {new.service}(*, {parameters}) -> None:\n"
            f'    """Publish `{new.name}`; write the rows that it is about in the same unit of work."""\n'
            f"    with unit_of_work():\n        publish({new.name.class_name}({values}))\n"
        ),
        docstring=f"What publishes `{new.name}`.",
    )


def _add_subscriber(new: NewEvent, room: Room, function: str, tree: Tree) -> None:
    path, cls = room.module("subscribers"), new.name.class_name
    tree.add(
        path,
        imports=["from events.subscribing import Delivery, subscriber", new.as_imported],
        definition=(
            f'@subscriber("{room.app}.{function}", {cls})\n'
            f"def {function}(event: {cls}, delivery: Delivery[{cls}]) -> None:\n"
            f'    """Call one service of {room.app}, in the transaction that records the event as applied."""\n'
        ),
        docstring=f"Subscribers for {room.subject or room.app}.",
    )
    front = room.front("subscribers")
    if front is not None:
        tree.export(front, imports=f"from {_dotted(path.parent)} import {path.stem}", name=path.stem)


def _add_test(new: NewEvent, tree: Tree) -> None:
    values = [f"{field.name}={literal(sample_of(field.type, field.name))}" for field in new.fields]
    imports = ["from tenants.models import Tenant", "from tests.support.golden import golden", *new.imports]
    imports.append("from events.testing.work import published")
    if any("tzinfo=UTC" in value for value in values):
        imports.append("from datetime import UTC")
    if new.service:
        imports.append(f"from {_dotted(new.room.services(new.service))} import {new.service}")
        act = f"{new.service}({', '.join(values)})"
    else:
        imports += [*PUBLISHING, new.as_imported]
        act = f"with unit_of_work():\n    publish({new.name.class_name}({', '.join(values)}))"
    tests = [
        f"def {new.name.fact}() -> None:\n{indent(act, '    ')}\n",
        (
            f"def test_{new.name.fact}_is_published_as_its_golden_payload(shop: Tenant) -> None:\n"
            f"    {new.name.fact}()\n\n"
            f'    (event,) = published("{new.name}")\n'
            f'    assert event.data == golden("{new.name}", 1)\n'
        ),
    ]
    if new.subscriber is not None:
        room, function = new.subscriber
        imports.append("from events.testing import prove_idempotent")
        tests.append(
            f"def test_{function}_applies_it_exactly_once(committed: Tenant) -> None:\n"
            f"    {new.name.fact}()\n\n"
            f'    proof = prove_idempotent("{room.app}.{function}")\n\n    assert proof.events == 1\n'
        )
    heading = f'"""`{new.name}`: it is published as declared, and whoever hears it applies it once."""'
    path = new.room.tests / f"test_{new.name.fact}.py"
    require_distinct(path, *dict.fromkeys(imports), *tests)
    for folder in reversed([new.room.tests, *new.room.tests.parents[:-2]]):
        if not (tree.root / folder / "__init__.py").exists():
            tree.put(folder / "__init__.py", "")
    tree.put(path, "\n\n".join([heading, "\n".join(imports), *tests]))


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)
