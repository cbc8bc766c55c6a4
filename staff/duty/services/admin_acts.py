"""Acts in the admin, under the role that its user has at the tills: the same rules and approvals as there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from kernel.limits import REASON
from kernel.permissions import Command, Permission
from kernel.refusals import Refusal
from kernel.text import clipped
from staff.duty.permitting import ApprovalRequired
from staff.duty.queries import command_of_user
from staff.duty.services.approving import OwnApproval, approve
from staff.duty.services.signing import PinWrong, Where
from staff.duty.tries import PinLocked
from web.admin.answers import APPROVER_CODE, APPROVER_PIN, Confirmation
from web.admin.saving import sentence_of
from web.commands import digest_of
from web.problems import first_errors

T = TypeVar("T")
APPROVABLE: tuple[type[Refusal], ...] = (ApprovalRequired, PinWrong, PinLocked, OwnApproval)
"""After which the page asks again, for the code and PIN of somebody who approves."""


def act(request: HttpRequest, *, id: UUID, content: Mapping[str, Any], reason: str, do: Callable[[Command], T]) -> T:
    """Do what a user of the admin asks for, with the approval of whoever types their code and PIN on the same page.

    :param id: of the document that it makes or changes. :param content: of the act: the approval is of it alone.
    :param do: calls the service, in whose unit of work the approval is used.
    :raises ApprovalRequired: when it needs an approval, and nobody has typed their code and PIN.
    :raises PinWrong: and what else `approve` refuses. :raises PermissionDenied: when the role denies it.
    """
    command = command_of_user(request.user, id)
    code, pin = request.POST.get(APPROVER_CODE, "").strip(), request.POST.get(APPROVER_PIN, "").strip()
    try:
        return do(command)
    except ApprovalRequired as needed:
        if command.by is None or not (code and pin):
            raise
        digest = digest_of(content)
        approval = approve(
            actions=[Permission(name) for name in needed.details["actions"]],
            command_id=id,
            digest=digest,
            requested_by=command.by,
            code=code,
            pin=pin,
            reason=clipped(reason, REASON),
            till=place_of_user(request.user),
            now=timezone.now(),
        )
        return do(replace(command, approval_id=approval.id, digest=digest, device_id=approval.device_id))


def act_on_each(
    page: Any,
    request: HttpRequest,
    rows: Iterable[Any],
    *,
    asked: Confirmation,
    do: Callable[[Any], object],
    named: Callable[[Any], str] = lambda _row: "",
    done: Callable[[int], str] | None = None,
) -> HttpResponse | None:
    """Act on each row that was chosen, tell what is refused, and ask again for those that need an approval.

    :param do: acts on one row, by `act`. :param named: what begins a refusal of a row.
    :param done: says of how many it was done, where that is told.
    """
    left: list[Any] = []
    why, count = "", 0
    for row in rows:
        try:
            do(row)
        except APPROVABLE as refusal:
            left, why = [*left, row], sentence_of(refusal)
        except Refusal as refusal:
            messages.error(request, f"{named(row)}{sentence_of(refusal)}")
        except ValidationError as invalid:
            messages.error(request, f"{named(row)}{first_errors(invalid)}")
        else:
            count += 1
    if count and done:
        messages.success(request, done(count))
    return asked.ask(page, request, left, refusal=why) if left else None


def place_of_user(person: Any) -> Where:
    """Return what counts the PINs that are typed at the pages of a user; approvals that are given there name it."""
    return Where(device_id=uuid5(NAMESPACE_OID, f"user of the admin:{person.pk}"))
