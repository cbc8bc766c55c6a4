"""JSON Schemas of events: generated from the classes, committed, and kept compatible.

`schemas/<type>/v<version>.json` holds the revisions of one version, the newest last. A version may only gain fields
with a default; then it gains a revision. Anything else is a new version with an upcaster.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from events.event import EventType, all_types
from events.versions import can_upcast

Schema = dict[str, Any]


class SchemaIncompatible(Exception):
    """A change of an event's class that breaks readers of the same version."""


@dataclass(frozen=True)
class SchemaBook:
    """The committed schemas.

    :param folder: one folder per type, one file per version.
    """

    folder: Path

    def revisions(self, name: str, version: int) -> list[Schema]:
        """Return the schemas that this version had, the newest last."""
        file = self._file(name, version)
        return json.loads(file.read_text())["revisions"] if file.exists() else []

    def problems(self, event_types: list[EventType] | None = None) -> Iterator[str]:
        """Say what is wrong, one sentence each: incompatible, stale, missing, or not to be read any more."""
        declared = all_types() if event_types is None else event_types
        for event_type in declared:
            yield from self._problems_of(event_type)
        known = {event_type.name for event_type in declared}
        for folder in sorted(self.folder.iterdir()) if self.folder.exists() else []:
            if folder.name not in known:
                yield f"{folder.name} has schemas and is not declared: stored events of it could not be read"

    def write(self) -> list[str]:
        """Add what the classes have gained; return the names of the types that changed.

        :raises SchemaIncompatible: when a class changed in a way that needs a new version. Nothing is written.
        """
        changed = [event_type for event_type in all_types() if self._newest(event_type) != schema_of(event_type)]
        for event_type in changed:
            for earlier in self.revisions(event_type.name, event_type.version):
                for difference in differences(earlier, schema_of(event_type)):
                    raise SchemaIncompatible(_needs_version(event_type, difference))
        for event_type in changed:
            current = schema_of(event_type)
            revisions = [r for r in self.revisions(event_type.name, event_type.version) if _shape(r) != _shape(current)]
            revisions.append(current)
            file = self._file(event_type.name, event_type.version)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"revisions": revisions}, indent=2) + "\n")
        return [event_type.name for event_type in changed]

    def _problems_of(self, event_type: EventType) -> Iterator[str]:
        current = schema_of(event_type)
        revisions = self.revisions(event_type.name, event_type.version)
        if not revisions:
            yield f"{event_type.name} version {event_type.version} has no committed schema: make docs"
        found = False
        for index, earlier in enumerate(revisions):
            for later in [*revisions[index + 1 :], current]:
                for difference in differences(earlier, later):
                    found = True
                    yield _needs_version(event_type, difference)
        if revisions and revisions[-1] != current and not found:
            yield f"{event_type.name} version {event_type.version} has a stale schema: make docs"
        for version in range(1, event_type.version):
            if not self.revisions(event_type.name, version):
                yield f"{event_type.name} version {version} has no committed schema, though version {version + 1} has"
            if not can_upcast(event_type.name, version, event_type.version):
                yield f"{event_type.name} has no upcasters from version {version} to {event_type.version}"

    def _newest(self, event_type: EventType) -> Schema | None:
        revisions = self.revisions(event_type.name, event_type.version)
        return revisions[-1] if revisions else None

    def _file(self, name: str, version: int) -> Path:
        return self.folder / name / f"v{version}.json"


def schema_of(event_type: EventType) -> Schema:
    """Write the JSON Schema (2020-12) of an event's data, as it stands in the log."""
    (schema,), components = msgspec.json.schema_components([event_type.cls], ref_template="#/$defs/{name}")
    name = schema["$ref"].rsplit("/", 1)[1]
    own = components.pop(name)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id(event_type.name, event_type.version),
        **own,
    }
    return {**document, "$defs": components} if components else document


def schema_id(name: str, version: int) -> str:
    return f"urn:tillflow:schema:{name}:{version}"


def differences(earlier: Schema, later: Schema) -> Iterator[str]:
    """Say where a reader of one schema could not read what a writer of the other wrote; fields with defaults may come.

    Full compatibility, as schema registries call it: each may read the other's data.
    """
    yield from _differences(earlier, later, earlier, later, "")


def _differences(earlier: Schema, later: Schema, earlier_root: Schema, later_root: Schema, at: str) -> Iterator[str]:
    earlier, later = _resolved(earlier, earlier_root), _resolved(later, later_root)
    if "properties" in earlier and "properties" in later:
        before, after = earlier["properties"], later["properties"]
        yield from _differences_of_fields(earlier, later, at)
        for name in sorted(before.keys() & after.keys()):
            yield from _differences(before[name], after[name], earlier_root, later_root, f"{at}/{name}")
    elif "items" in earlier and "items" in later:
        yield from _differences(earlier["items"], later["items"], earlier_root, later_root, f"{at}/-")
    elif "anyOf" in earlier and "anyOf" in later and len(earlier["anyOf"]) == len(later["anyOf"]):
        for before, after in zip(earlier["anyOf"], later["anyOf"], strict=True):
            yield from _differences(before, after, earlier_root, later_root, at)
    elif _kind(earlier) != _kind(later):
        yield f"{at or '/'} was {_told(earlier)} and is {_told(later)}"


def _differences_of_fields(earlier: Schema, later: Schema, at: str) -> Iterator[str]:
    before, after = earlier["properties"].keys(), later["properties"].keys()
    must_before, must_after = set(earlier.get("required", ())), set(later.get("required", ()))
    for said, names in (
        ("was removed", before - after),
        ("is required now", (must_after - must_before) & before),
        ("is not required any more", (must_before - must_after) & after),
        ("was added without a default", (after - before) & must_after),
    ):
        yield from (f"{at}/{name} {said}" for name in sorted(names))


def _resolved(schema: Schema, root: Schema) -> Schema:
    return root["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _shape(schema: Any) -> Any:
    """What readers depend on: everything but the words."""
    if isinstance(schema, dict):
        return {key: _shape(value) for key, value in schema.items() if key != "description"}
    return [_shape(part) for part in schema] if isinstance(schema, list) else schema


def _kind(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in {"default", "title", "description"}}


def _told(schema: Schema) -> str:
    return str(schema.get("format") or schema.get("type") or sorted(schema))


def _needs_version(event_type: EventType, difference: str) -> str:
    return (
        f"{event_type.name} version {event_type.version}: {difference}. Give the class version "
        f"{event_type.version + 1} and an upcaster from {event_type.version}."
    )
