"""Acts of operators: who did what with which event, when and why."""

from collections.abc import Sequence

from django.utils import timezone

from events.models import OperatorAction
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant
from kernel.text import require_reason_text

ACTIONS_AT_ONCE = 5000


class ReasonMissing(Refusal):
    code = "reason-missing"
    title = "Reason missing"
    status = 422


def require_reason(reason: str, what: str = "why this event may be given up") -> None:
    if not reason.strip():
        message = f"say {what}"
        raise ReasonMissing(message)
    require_reason_text(reason)


def record_action(action: str, subscriber: str, operator: str, reason: str, position: int | None = None) -> None:
    record_actions(action, subscriber, operator, reason, [position])


def record_actions(action: str, subscriber: str, operator: str, reason: str, positions: Sequence[int | None]) -> None:
    now = timezone.now()
    OperatorAction.objects.bulk_create(
        (
            OperatorAction(
                tenant_id=current_tenant(),
                subscriber=subscriber,
                action=action,
                position=position,
                operator=operator,
                reason=reason,
                acted_at=now,
            )
            for position in positions
        ),
        batch_size=ACTIONS_AT_ONCE,
    )
