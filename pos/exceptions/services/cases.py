"""Exceptions: opened with the sale that they are about, resolved by somebody who looked at them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.permissions import Command, Need, Permission
from kernel.refusals import NotFound, Refusal
from pos.events.exceptions import ExceptionOpened, ExceptionResolved
from pos.exceptions.findings import SEVERITIES, Findings
from pos.exceptions.models import ONE_CASE_PER_KIND, ExceptionCase
from staff.duty.permitting import permit

RESOLVE = Need(permission=Permission.RESOLVE_EXCEPTIONS)


class ExceptionExists(Refusal):
    code = "exception-exists"
    title = "Exception exists"


class ExceptionResolvedBefore(Refusal):
    code = "exception-resolved"
    title = "Exception resolved"


def open_case(
    *,
    kind: ExceptionCase.Kind,
    command_id: UUID,
    now: datetime,
    register_id: UUID | None = None,
    device_id: UUID | None = None,
    payload: Mapping[str, Any] | None = None,
) -> ExceptionCase:
    """Open an exception for a command, in the unit of work in which the command takes effect.

    The row is written when the unit ends.

    :param payload: by how much it is wrong: JSON, and nothing of a person.
    :raises ExceptionExists: at the end of the unit, when the command has one of this kind.
    """
    findings = Findings()
    findings.note(kind, **(payload or {}))
    (case,) = open_cases(findings, command_id=command_id, now=now, register_id=register_id, device_id=device_id)
    return case


def open_cases(
    findings: Findings,
    *,
    command_id: UUID,
    now: datetime,
    register_id: UUID | None,
    device_id: UUID | None,
    exists: Exception | None = None,
) -> list[ExceptionCase]:
    """Open an exception for each finding, as `open_case` does.

    :param exists: what is raised, at the end of the unit, when the command has one of these kinds.
    """
    with unit_of_work() as unit:
        cases = [
            ExceptionCase(
                id=new_id(),
                kind=kind,
                severity=SEVERITIES[kind],
                command_id=command_id,
                register_id=register_id,
                device_id=device_id,
                payload=payload,
                opened_at=now,
            )
            for kind, payload in findings.by_kind.items()
        ]
        exists = exists or ExceptionExists(f"{command_id} has an exception of one of these kinds already")
        unit.insert_later(cases, refusals={ONE_CASE_PER_KIND: exists})
        for case in cases:
            publish(
                ExceptionOpened(
                    exception_id=case.id,
                    kind=case.kind,
                    severity=case.severity,
                    command_id=command_id,
                    register_id=register_id,
                    device_id=device_id,
                    opened_at=now,
                ),
                occurred_at=now,
            )
    return cases


def kept(cases: Sequence[ExceptionCase]) -> list[dict[str, str]]:
    """Return exceptions as an order keeps them: id, kind and severity."""
    return [{"id": str(case.id), "kind": str(case.kind), "severity": str(case.severity)} for case in cases]


def resolve_case(
    *, exception_id: UUID, by: str, note: str, now: datetime, command: Command | None = None
) -> ExceptionCase:
    """Note that somebody looked at an exception, and what was done about it.

    :param by: who, as the log names them. :param command: who asks for it at a till.
    :raises NotFound: when there is no such exception.
    :raises ExceptionResolvedBefore: when somebody has resolved it, or it is about a command that is held.
    """
    with unit_of_work():
        staff_id = permit(command, RESOLVE).staff_id
        case = ExceptionCase.objects.select_for_update(no_key=True).filter(id=exception_id).first()
        if case is None:
            message = f"no exception {exception_id} exists"
            raise NotFound(message)
        if case.kind == ExceptionCase.Kind.QUARANTINED:
            message = f"order {case.command_id} is held: accept or reject it, which resolves its exception"
            raise ExceptionResolvedBefore(message)
        close_case(case, by=by, note=note, now=now, staff_id=staff_id)
    return case


def close_case(
    case: ExceptionCase, *, by: str, note: str, now: datetime, staff_id: UUID | None, resolution: str = "RESOLVED"
) -> None:
    """:raises ExceptionResolvedBefore: when somebody has resolved it."""
    if case.resolved_at is not None:
        message = f"the exception was resolved at {case.resolved_at:%Y-%m-%d %H:%M} UTC by {case.resolved_by}"
        raise ExceptionResolvedBefore(message)
    case.resolved_at, case.resolved_by, case.staff_id, case.note = now, by, staff_id, note
    case.save(update_fields=["resolved_at", "resolved_by", "staff_id", "note"])
    publish(
        ExceptionResolved(
            exception_id=case.id,
            kind=case.kind,
            command_id=case.command_id,
            resolution=resolution,
            staff_id=staff_id,
            resolved_at=now,
        ),
        occurred_at=now,
    )
