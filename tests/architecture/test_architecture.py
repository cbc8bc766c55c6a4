"""What imports cannot show: keys stay in their app, every queue has a worker, documents are true."""

import ast
import configparser
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core import checks
from django.db import models

from config.celery import app
from config.place import ROOT
from config.queues import QUEUES
from demo.stack import programs
from demo.stack.processes import Program
from events.contracts.catalogue import lines, markdown
from events.outgoing.calls import all_senders
from events.subscriptions.doorbells import BACKLOG
from events.subscriptions.registry import all_subscribers

APPS = ("pos", "inventory", "payments", "notifications")


@pytest.mark.parametrize("label", APPS)
def test_no_foreign_key_leaves_its_app(label: str) -> None:
    for model in apps.get_app_config(label).get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey):
                assert field.related_model._meta.app_label in {label, "staff"}, f"{model.__name__}.{field.name}"


def test_every_queue_is_declared_and_consumed() -> None:
    workers = [programs.worker(), *programs.calling_workers(), programs.backlog_worker()]
    consumed = [queue for worker in workers for queue in _served_by(worker)]
    named = {subscriber.queue for subscriber in all_subscribers()} | {sender.queue for sender in all_senders()}

    assert named | {"platform", BACKLOG} <= set(QUEUES) == set(consumed)
    assert len(consumed) == len(QUEUES)
    assert _served_by(programs.backlog_worker()) == [BACKLOG]
    assert {queue.exchange.name for queue in app.conf.task_queues} == set(QUEUES)


def test_w05_cards_mail_and_endpoints_have_workers_of_their_own() -> None:
    served = [_served_by(worker) for worker in programs.calling_workers()]

    assert served == [["cards"], ["mail", "bridges"], ["webhooks"]]
    assert [worker.command[worker.command.index("--concurrency") + 1] for worker in programs.calling_workers()] == [
        str(settings.OUTGOING_SLOTS[queue]) for queue in ("cards", "mail", "webhooks")
    ]


def _served_by(worker: Program) -> list[str]:
    return worker.command[worker.command.index("--queues") + 1].split(",")


def test_every_subscriber_is_a_task_that_is_acknowledged_late() -> None:
    for subscriber in all_subscribers():
        task = app.tasks[subscriber.name]
        assert task.acks_late
        assert task.reject_on_worker_lost
        assert task.retry_backoff
        assert task.retry_jitter
        assert task.queue == subscriber.queue


def test_a_subscriber_s_function_has_the_name_of_its_cursor() -> None:
    ours = [each for each in (*all_subscribers(), *all_subscribers(platform=True)) if each.forward is None]

    assert {each.name.partition(".")[2] for each in ours} == {each.handler.__name__ for each in ours}


def test_the_events_package_is_empty_at_its_root() -> None:
    assert (ROOT / "events" / "__init__.py").read_text() == ""


def test_every_declared_event_is_listed() -> None:
    listed = "\n".join(lines())

    for name in ("pos.order_completed", "events.service_started", "tenants.tenant_provisioned"):
        assert name in listed
    assert "inventory.take_sold_goods_from_stock" in markdown()


def test_no_hook_on_commit_is_a_partial_and_no_tenant_is_entered_as_a_decorator() -> None:
    for path in _sources():
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "on_commit":
                assert not isinstance(node.args[0], (ast.Call, ast.Lambda)), path
                assert any(keyword.arg == "robust" for keyword in node.keywords), path
            if isinstance(node, ast.FunctionDef):
                named = {getattr(getattr(decorator, "func", decorator), "id", "") for decorator in node.decorator_list}
                assert not named & {"schema_context", "tenant_context", "in_tenant"}, path


def _sources() -> list[Path]:
    return [path for label in (*APPS, "events", "tenants", "staff") for path in (ROOT / label).rglob("*.py")]


def test_the_system_checks_pass_and_refuse_a_superuser(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connection

    from tenants.checks import the_role_is_bound_by_row_level_security as check

    assert checks.run_checks(databases=["default"]) == []
    assert check(None) == []

    class Superuser:
        def __enter__(self) -> "Superuser":
            return self

        def __exit__(self, *_error: object) -> None: ...

        def execute(self, _statement: str) -> None: ...

        def fetchone(self) -> tuple[str, bool]:
            return "postgres", True

    monkeypatch.setattr(connection._connections[connection._alias], "cursor", Superuser)
    (error,) = check(["default"])
    assert error.id == "tenants.E001"


def test_events_can_be_read_without_django() -> None:
    code = "import pos.events, events.event, sys; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_every_package_is_under_the_rules() -> None:
    """A new package is named in `.importlinter`, or no contract applies to it."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

    assert set(rules["importlinter"]["root_packages"].split()) == packages - {"benchmarks"}
    assert set(project["ruff"]["lint"]["isort"]["known-first-party"]) == packages - {"benchmarks"}
    assert set(project["coverage"]["run"]["source"]) == packages - {"benchmarks", "tests"}


def test_invariants_import_nothing_but_their_declaration() -> None:
    """And the standard library, and the words for what events say; a package of invariants consists of such modules."""
    imported = {
        (path.relative_to(ROOT).parts[0], getattr(node, "module", None) or node.names[0].name)  # type: ignore[attr-defined]
        for path in (*ROOT.glob("*/invariants.py"), *ROOT.glob("*/invariants/*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and path.parent.name != "kernel"
    }
    others = {
        (app, module)
        for app, module in imported
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith(f"{app}.invariants")
    }

    declarations = {(app, "kernel.invariants") for app in (*APPS, "events")}
    assert others - declarations <= {(app, "kernel.announcements") for app in APPS}
    assert declarations <= others


def test_no_test_module_imports_another() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
                named = [*str(node.module).split("."), *(alias.name for alias in node.names)]
                assert not [part for part in named if part.startswith("test_") or part == "conftest"], path
