"""Walls deny by default: typical violations of the architecture, each caught by the rule that is for it.

All are put into one copy of the tree, so that the checkers run once.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.place import ROOT

PUBLISH = "from events.publishing.publish import publish"
UNUSED = ".git", ".venv", "var", "var-*", "__pycache__", "docs", "benchmarks", "schemas", "deploy"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """:param rule: the beginning of the contract's name, or the code of a lint rule. :param evidence: what it names."""

    edits: dict[str, str]
    rule: str
    evidence: tuple[str, ...]


def imports(path: str, line: str, rule: str, *evidence: str) -> Violation:
    module = path.removesuffix(".py").replace("/", ".")
    return Violation(edits={path: line}, rule=rule, evidence=evidence or (module,))


ORDERS = "pos/orders/services/placing.py"
LAYERS, PUBLISHING, DOOR = "Layers", "Only services publish", "Apps use the front door"
VIOLATIONS = {
    "a service calls another app's service": imports(ORDERS, "from inventory.services import receive_goods", LAYERS),
    "a model knows another app's events": imports(
        "inventory/models.py", "from pos.events import OrderCompleted", "Models know no events"
    ),
    "a subscriber reads another app's tables": imports(
        "inventory/subscribers.py", "from pos.models import Order", LAYERS, "inventory.subscribers -> pos.models"
    ),
    "the event layer knows an app": imports("events/models.py", "from pos.models import Order", LAYERS),
    "an app imports the wiring": imports(ORDERS, "from config.queues import QUEUES", LAYERS, "-> config.queues"),
    "a view publishes": imports("pos/orders/api.py", PUBLISH, PUBLISHING),
    "a service subscribes": imports(ORDERS, "from events.subscribing import subscriber", "Only subscribers subscribe"),
    "an event imports Django": imports("pos/events/orders.py", "from django.db import models", "Events are plain"),
    "a service imports the API": imports(ORDERS, "from pos.orders.api import OrderView", "Inside each subject of pos"),
    "a new pos/helpers.py": imports("pos/helpers.py", "X = 1", "Subjects of pos"),
    "a management command publishes": imports("pos/management/commands/device.py", PUBLISH, PUBLISHING),
    "an admin or a model publishes": Violation(
        edits={"tenants/admin.py": PUBLISH, "staff/models.py": PUBLISH},
        rule=PUBLISHING, evidence=("tenants.admin", "staff.models"),
    ),
    "a gateway, a channel, a receipt publishes": Violation(
        edits={"payments/gateways/simulator.py": PUBLISH, "notifications/channels/mail.py": PUBLISH, "pos/receipts/text.py": PUBLISH},
        rule=PUBLISHING, evidence=("payments.gateways.simulator", "notifications.channels.mail", "pos.receipts.text"),
    ),
    "new files events/helpers.py": imports("events/helpers.py", "X = 1", "Inside events"),
    "new files kernel/utils.py": imports("kernel/utils.py", "X = 1", "Inside kernel"),
    "new files tenants/common.py": imports("tenants/common.py", "X = 1", "Inside tenants"),
    "new files staff/manager.py": imports("staff/manager.py", "X = 1", "Inside staff"),
    "a service reaches behind the front door": Violation(
        edits={
            ORDERS: "from events.log.log import append\nfrom events.delivery.drain import Drain\n"
            "from events.subscriptions import cursors\nfrom events.models import Event"
        },
        rule=DOOR,
        evidence=("events.log.log", "events.delivery.drain", "events.subscriptions.cursors", "events.models"),
    ),
    "a Django signal between our apps": Violation(
        edits={"inventory/subscribers.py": "from django.db.models.signals import post_save\nSIGNALS = (post_save,)"},
        rule="TID251", evidence=("inventory/subscribers.py", "django.db.models.signals"),
    ),
    "a view opens a transaction and writes rows": Violation(
        edits={"pos/orders/api.py": "from django.db import transaction\n\n\ndef sneak():\n    with transaction.atomic():\n        pass"},
        rule="TID251", evidence=("pos/orders/api.py", "django.db.transaction"),
    ),
    "kernel values import Django and DRF": Violation(
        edits={"kernel/money.py": "from django.db import models\nfrom rest_framework import serializers"},
        rule="Values of kernel", evidence=("kernel.money",),
    ),
    "the log knows webhooks, cursors know the API": Violation(
        edits={
            "events/log/log.py": "from integrations.webhooks import sending",
            "events/subscriptions/cursors.py": "from integrations.api import feed",
        },
        rule=LAYERS, evidence=("events.log.log -> integrations", "events.subscriptions.cursors -> integrations"),
    ),
    "an app's events reach Django through the kernel": imports(
        "payments/events.py", "from kernel.tenancy import current_tenant", "Events are plain"
    ),
    "a subscriber imports its API": imports("inventory/subscribers.py", "from inventory.api import StockView", "Inside inventory"),
    "production code imports tests": imports(
        "events/operations/parked.py", "from tests.support.make import at_location", "Production imports no tests"
    ),
    "the auditor imports services": imports("audit/archives.py", "from pos.orders.services.placing import place_order", "The auditor"),
    "an app's invariants import services": imports("pos/invariants/receipts.py", "from pos.orders.services.placing import place_order", "The auditor"),
    "an app reaches into files that the front door does not know yet": Violation(
        edits={
            "events/operations/brand_new.py": "X = 1", "events/log/brand_new.py": "X = 1",
            "inventory/services.py": "from events.log.brand_new import X\nfrom events.operations import brand_new as plain",
            "pos/cash/services.py": "from events.events import ServiceStarted",
        },
        rule=DOOR, evidence=("events.log.brand_new", "events.operations.brand_new", "pos.cash.services -> events.events"),
    ),
    "a view makes an outgoing call": imports(
        "pos/returns/api.py", "from events.outgoing.calls import send_later", "Only services make outgoing calls"
    ),
    "production proves a subscriber": imports(
        "inventory/queries.py", "from events.testing import prove_idempotent", "Only tests use events/testing"
    ),
    "production imports benchmarks and pytest": Violation(
        edits={"events/operations/tracing.py": "from benchmarks.orders import main\nimport pytest"},
        rule="Production imports no demo", evidence=("-> benchmarks", "-> pytest"),
    ),
    "an app talks to Celery, the broker and django-tenants": Violation(
        edits={
            "pos/cash/api.py": "from celery import current_app\ncurrent_app.send_task('x')",
            "inventory/api.py": "import redis",
            "notifications/services.py": "from django_tenants.utils import schema_context",
        },
        rule="Apps know no Celery", evidence=("pos.cash.api -> celery", "inventory.api -> redis", "notifications.services -> django_tenants"),
    ),
    "a circle inside a room": imports(
        "events/delivery/poison.py", "def late() -> None:\n    from events.delivery import drain", "No circles",
        "events.delivery",
    ),
    "SQL by hand in a view, a schema switched in a subscriber": Violation(
        edits={
            "inventory/api.py": "from django.db import connection",
            "notifications/subscribers.py": "from kernel.tenancy import in_tenant",
            "payments/subscribers.py": "import django.db\ndjango.db.connection.set_schema('south')",
        },
        rule="TID251",
        evidence=("inventory/api.py", "notifications/subscribers.py", "`kernel.tenancy.in_tenant`", "payments/subscribers.py"),
    ),
    "a service hears a Django signal": Violation(
        edits={"pos/returns/services.py": "from django.db.models import signals\nsignals.post_save.connect(print)"},
        rule="TID251", evidence=("pos/returns/services.py",),
    ),
    "an app reads tables by name": Violation(
        edits={"payments/queries.py": "from django.apps import apps\nORDER = apps.get_model('pos', 'Order')"},
        rule="TID251", evidence=("payments/queries.py", "`django.apps.apps.get_model`"),
    ),
    "a service imports its own subscribers": imports(
        ORDERS, "from pos.subscribers.furnishing import furnish_shop", "Subjects of pos"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the checkers say of the tree with all violations."""
    tree = tmp_path_factory.mktemp("violations") / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*UNUSED))
    for violation in VIOLATIONS.values():
        for path, text in violation.edits.items():
            file = tree / path
            file.write_text((file.read_text() if file.exists() else "") + "\n" + text + "\n")
    bin_ = Path(sys.executable).parent
    contracts = subprocess.run(
        [bin_ / "lint-imports", "--no-logo"], cwd=tree, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "COLUMNS": "500"},
    )  # fmt: skip
    lint = subprocess.run(
        [bin_ / "ruff", "check", "--select", "TID251", "--output-format", "concise", "."],
        cwd=tree, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return contracts.stdout.partition("Broken contracts")[2] + "\n\nTID251\n------\n" + lint.stdout


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_is_caught_by_the_rule_for_it(found: str, violation: str) -> None:
    wanted = VIOLATIONS[violation]
    sections = re.split(r"\n(?=[^\n]+\n-{6,}\n)", found)
    said = "".join(section for section in sections if section.strip().startswith(wanted.rule))

    assert said, f"no rule {wanted.rule} is broken"
    for evidence in wanted.evidence:
        assert evidence in said, said
