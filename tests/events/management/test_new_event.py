"""`manage.py new_event`: whatever is typed wrong is refused in one sentence, and no file is changed."""

import json
import shutil
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from config.place import ROOT
from events.event import find_type
from events.management.scaffolding.samples import sample_object
from tests.support.golden import golden

PARTS = "pos", "notifications", "inventory", "staff", "tenants", "events", "tests", "schemas", "pyproject.toml"
RIGHT = ("pos.drawer_opened", "register_id:UUID", "reason:str")
IN_REGISTERS = (*RIGHT, "--subject", "registers")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the command reads; no test may leave it changed."""
    copy = tmp_path_factory.mktemp("source")
    ignored = shutil.ignore_patterns("__pycache__", "upgrade", "faults", "migrations")
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(
            ROOT / part, copy / part, **({"ignore": ignored} if (ROOT / part).is_dir() else {})
        )
    return copy


def digest(tree: Path) -> dict[str, str]:
    found = sorted(tree.rglob("*"))
    return {str(path): sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder" for path in found}


def run(tree: Path, *arguments: str) -> str:
    out = StringIO()
    call_command("new_event", *arguments, "--folder", str(tree), stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pos.order_completed", *IN_REGISTERS[1:]), "pos.order_completed is declared already, by pos.events.orders.OrderCompleted"),
        (("cafe.drawer_opened", "a_id:UUID"), "cafe is not an app that has events: use one of inventory, notifications,"),
        (("events.drawer_opened", "a_id:UUID"), "events is not an app that has events: use one of"),
        (("tests.drawer_opened", "a_id:UUID"), "tests is not an app that has events: use one of"),
        (("pos.open_drawer", *IN_REGISTERS[1:]), "pos.open_drawer is not in the past tense: name what has happened"),
        (("pos.drawer_feed", *IN_REGISTERS[1:]), "not in the past tense"),
        (("pos.DrawerOpened", *IN_REGISTERS[1:]), "'pos.DrawerOpened' cannot name an event: write app.words_in_snake_case"),
        (("drawer_opened", *IN_REGISTERS[1:]), "'drawer_opened' cannot name an event"),
        (("pos.drawer__opened", *IN_REGISTERS[1:]), "cannot name an event"),
        (("../pos.drawer_opened", *IN_REGISTERS[1:]), "cannot name an event"),
        ((f"pos.{'very_' * 50}opened", *IN_REGISTERS[1:]), "at most 200 are allowed"),
        (RIGHT, "pos is divided by subject: give --subject one of cash, catalogue, "),
        ((*RIGHT, "--subject", "drawers"), "'drawers' is not a subject of pos"),
        (("inventory.shelf_moved", "a_id:UUID", "--subject", "orders"), "inventory is not divided by subject: leave --subject out"),
        (("pos.drawer_opened", "register_id", "--subject", "registers"), "'register_id' is not a field: write name:type"),
        (("pos.drawer_opened", "class:str", "--subject", "registers"), "'class:str' is not a field"),
        (("pos.drawer_opened", "RegisterId:UUID", "--subject", "registers"), "is not a field"),
        (("pos.drawer_opened", "a_id:UUID", "a_id:str", "--subject", "registers"), "the field a_id is given twice"),
        (("pos.drawer_opened", "a_id:UUID", "total:float", "--subject", "registers"), "int for money (minor units), Decimal for quantities"),
        (("pos.drawer_opened", "a_id:UUID", "x:list[list[str]]", "--subject", "registers"), "'list[list[str]]' is not a type of a field"),
        (("pos.drawer_opened", "reason:str", "--subject", "registers"), "no field ends in _id: name what the event is about"),
        (("pos.drawer_opened", "a_id:UUID|None", "--subject", "registers"), "no field ends in _id"),
        ((*IN_REGISTERS, "--stream", "register"), "'register' is not a stream: write kind:{field}"),
        ((*IN_REGISTERS, "--stream", "register:{id}"), "the stream names id, which is not a field"),
        (("pos.drawer_opened", "a_id:UUID", "b:str|None", "--stream", "x:{b}", "--subject", "registers"), "the stream names b, which may be None"),
        ((*IN_REGISTERS, "--category", "PUBLIC"), "'PUBLIC' is not a category: use DOMAIN, INTEGRATION, SYSTEM"),
        ((*IN_REGISTERS, "--description", "It opened"), "ends with a full stop"),
        ((*IN_REGISTERS, "--description", 'It "opened".'), "without double quotes"),
        ((*IN_REGISTERS, "--service", "Open"), "'Open' cannot name a service: write verb_noun"),
        ((*IN_REGISTERS, "--service", "pair_device"), "pos/registers/services.py has pair_device already"),
        (("pos.device_rotated", "a_id:UUID", "--subject", "registers", "--service", "new_token"), "has new_token already"),
        ((*IN_REGISTERS, "--subscriber", "notifications.mail_receipts"), "notifications.mail_receipts is declared already"),
        ((*IN_REGISTERS, "--subscriber", "notifications.queue_receipt"), "notifications/subscribers.py has queue_receipt already"),
        ((*IN_REGISTERS, "--subscriber", "cafe.note_drawer"), "cafe is not an app that has subscribers"),
        ((*IN_REGISTERS, "--subscriber", "note_drawer"), "'note_drawer' cannot name a subscriber"),
        ((*IN_REGISTERS, "--subscriber", "pos.note_drawer"), "pos is divided by subject: give --subscriber-subject one of"),
        ((*IN_REGISTERS, "--subscriber-subject", "orders"), "--subscriber-subject needs --subscriber"),
        (("pos.sold_line", "a_id:UUID", "--subject", "orders"), "pos/events/orders.py has SoldLine already"),
        (("pos.sold_line", "a_id:UUID", "--subject", "registers"), "pos/events/__init__.py has SoldLine already"),
        (("pos.device_revoked", "a_id:UUID", "--subject", "registers", "--service", "tell_revoked"), "pos/registers/services.py has DeviceRevoked already"),
        (("inventory.shelf_counted", "a_id:UUID", "--service", "shelf_counted"), "tests/inventory/test_shelf_counted.py has shelf_counted already"),
        (("inventory.shelf_counted", "a_id:UUID", "--service", "prove_idempotent", "--subscriber", "inventory.note_shelf"), "has prove_idempotent already"),
        (("inventory.shelf_counted", "a_id:UUID", "--service", "unit_of_work"), "inventory/services.py has unit_of_work already"),
        ((*RIGHT, "publish:str", "--subject", "registers", "--service", "open_drawer"), "a parameter publish would hide the function that the service calls"),
        ((*IN_REGISTERS, "--description", "A `drawer` was opened."), "the description names `drawer`, which is neither a field"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_refused_and_nothing_is_written(
    tree: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    before = digest(tree)

    with pytest.raises(CommandError) as refused:
        run(tree, *arguments)

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert digest(tree) == before


def test_a_folder_that_is_no_source_tree_is_named(tree: Path) -> None:
    with pytest.raises(
        CommandError, match=r"no app in \S+/nowhere has events: give --folder the root of the source tree"
    ):
        run(tree / "nowhere", *IN_REGISTERS)


@pytest.mark.parametrize("contents", [b"def (", b"\xff\xfe", b"x = '\0'"])
def test_a_module_that_is_not_python_is_named_and_left(tree: Path, contents: bytes) -> None:
    module = tree / "inventory" / "services.py"
    kept = module.read_bytes()
    module.write_bytes(contents)
    before = digest(tree)

    with pytest.raises(CommandError, match=r"inventory/services\.py is not Python, so nothing can be added to it"):
        run(tree, "inventory.shelf_counted", "shelf_id:UUID", "--service", "count_shelf")

    assert digest(tree) == before
    module.write_bytes(kept)


@pytest.mark.parametrize("taken", ["tests/pos/registers/test_drawer_opened.py", "schemas/pos.drawer_opened/v1.json"])
def test_a_file_that_exists_is_not_overwritten(tree: Path, taken: str) -> None:
    (tree / taken).parent.mkdir(parents=True, exist_ok=True)
    (tree / taken).write_text("mine")
    before = digest(tree)

    with pytest.raises(CommandError, match=f"{taken} exists already"):
        run(tree, *IN_REGISTERS)

    assert digest(tree) == before
    (tree / taken).unlink()
    if taken.startswith("schemas"):
        (tree / taken).parent.rmdir()


@pytest.mark.parametrize("at", range(1, 8))
def test_when_a_file_cannot_be_written_the_others_are_put_back(
    tree: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    before, write, written = digest(tree), Path.write_text, []

    def fail_at(path: Path, *arguments: Any, **options: Any) -> int:
        written.append(path)
        if len(written) == at:
            raise OSError(28, "No space left on device")
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", fail_at)
    with pytest.raises(CommandError, match="No space left on device"):
        run(tree, *IN_REGISTERS, "--service", "open_drawer", "--subscriber", "notifications.alert_drawer_opened")

    assert digest(tree) == before


def test_a_dry_run_prints_the_files_and_writes_none(tree: Path) -> None:
    before = digest(tree)

    printed = run(tree, *IN_REGISTERS, "--dry-run").splitlines()

    assert printed == [
        f"would write {path}"
        for path in (
            "pos/events/registers.py",
            "pos/events/__init__.py",
            "tests/events/golden/pos.drawer_opened.v1.json",
            "schemas/pos.drawer_opened/v1.json",
            "tests/pos/registers/test_drawer_opened.py",
        )
    ]
    assert digest(tree) == before


def test_an_app_without_subjects_and_every_type_of_field_are_written(tree: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tree, tmp_path / "copy")

    run(
        copy, "inventory.shelf_counted", "shelf_id:UUID", "codes:list[str]", "note: str | None", "seen_at:datetime|None",
        "counted_on:date", "on_hand:Decimal", "cents:int", "exact:bool", "--subscriber", "pos.note_count",
        "--subscriber-subject", "registers", "--stream", "shelf:{shelf_id}@{cents}", "--category", "INTEGRATION",
        "--description", "The `codes` of a shelf, after `pos.order_completed`.",
    )  # fmt: skip

    events = (copy / "inventory" / "events.py").read_text()
    assert 'stream="shelf:{shelf_id}@{cents}")\nclass ShelfCounted(Event):\n    """The `codes` of a shelf, ' in events
    assert "    seen_at: datetime | None\n    counted_on: date\n    on_hand: Decimal\n" in events
    assert "registers" in (copy / "pos" / "subscribers" / "__init__.py").read_text()
    test = (copy / "tests" / "inventory" / "test_shelf_counted.py").read_text()
    assert "with unit_of_work():\n        publish(\n            ShelfCounted(" in test
    payload = json.loads((copy / "tests/events/golden/inventory.shelf_counted.v1.json").read_text())
    assert payload["on_hand"] == "1.500"
    assert payload["seen_at"] == "2026-11-23T12:00:00Z"


def test_a_service_of_a_subject_whose_services_are_a_package_has_its_file(tree: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tree, tmp_path / "copy")

    run(copy, "pos.order_weighed", "order_id:UUID", "--subject", "orders", "--service", "weigh_order")

    assert "def weigh_order(*, order_id: UUID) -> None:" in (copy / "pos/orders/services/weigh_order.py").read_text()
    written = (copy / "tests/pos/orders/test_order_weighed.py").read_text()
    assert "from pos.orders.services.weigh_order import weigh_order" in written


def test_a_missing_golden_payload_names_the_command_that_writes_it() -> None:
    with pytest.raises(AssertionError, match=r"manage\.py golden pos\.drawer_opened"):
        golden("pos.drawer_opened", 1)


def test_the_golden_payload_of_any_declared_event_is_written_once(tmp_path: Path) -> None:
    out = StringIO()

    call_command("golden", "pos.order_completed", "--folder", str(tmp_path), stdout=out)

    written = json.loads((tmp_path / "tests/events/golden/pos.order_completed.v2.json").read_text())
    assert written.keys() == golden("pos.order_completed", 2).keys()
    assert written["lines"][0]["quantity"] == "1.500"
    assert sample_object(find_type("pos.order_completed").cls).lines[0].sku == "sku"
    with pytest.raises(CommandError, match="exists already"):
        call_command("golden", "pos.order_completed", "--folder", str(tmp_path))
    with pytest.raises(CommandError, match="no event type pos.nothing is declared: see manage.py events list"):
        call_command("golden", "pos.nothing", "--folder", str(tmp_path))
