"""The AsyncAPI document: every integration event in every version that is served, and every reference leads somewhere."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from config.place import ROOT
from events.contracts.schemas import SchemaBook
from events.event import Category, all_types
from events.log.log import read_at
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from integrations.asyncapi import document
from integrations.cloudevents import rendered
from tenants.models import Tenant
from tests.support.hooking import A, failure

WRITTEN = document(SchemaBook(ROOT / "schemas"))


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_integration_event_has_a_channel_and_others_have_none() -> None:
    public = {t.name for t in all_types() if t.category is Category.INTEGRATION}

    assert {channel["address"] for channel in WRITTEN["channels"].values()} == public
    assert set(WRITTEN["channels"]["payments_payment_failed"]["messages"]) == {
        "payments_payment_failed_v1",
        "payments_payment_failed_v2",
        "payments_payment_failed_v3",
    }


def test_every_reference_leads_somewhere() -> None:
    found = set(references(WRITTEN))

    assert found
    for reference in found:
        at: Any = WRITTEN
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_what_is_sent_is_valid_against_the_document(shop: Tenant, version: int) -> None:
    fail_one()
    sent = rendered(read_at("north", 1), version=version)
    message = WRITTEN["components"]["messages"][f"payments_payment_failed_v{version}"]

    jsonschema.validate(sent, {**message["payload"], "components": WRITTEN["components"]})

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**sent, "data": {}}, {**message["payload"], "components": WRITTEN["components"]})


def fail_one() -> None:
    with unit_of_work():
        publish(failure(A))


def test_the_command_checks_what_is_written(tmp_path: Path) -> None:
    call_command("asyncapi", "--check", str(ROOT / "docs" / "asyncapi.json"), stdout=StringIO())
    with pytest.raises(CommandError, match="stale"):
        call_command("asyncapi", "--check", str(tmp_path / "none.json"))
