"""Signing in at a till, and approvals. What carries a PIN has no Idempotency-Key: nothing of it is stored."""

from typing import Any

from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.log.causes import acting_as
from kernel import limits
from kernel.permissions import CHOICES, Permission
from kernel.refusals import NotFound
from staff.duty.models import Approval, StaffMember, StaffSession
from staff.duty.permitting import PermissionDenied
from staff.duty.pins import FEWEST_DIGITS, MOST_DIGITS
from staff.duty.services.approving import OwnApproval, approve
from staff.duty.services.signing import PinWrong, Till, sign_in, sign_out
from staff.duty.tries import PinLocked
from web.errors import ApiProblem
from web.fields import Choice, Code, Several, Text
from web.inputs import Body
from web.operations import operation
from web.scopes import actor_of
from web.terminal import STAFF_HEADER, Terminal, on_duty

PIN = f"[0-9]{{{FEWEST_DIGITS},{MOST_DIGITS}}}"
DIGEST = "[0-9a-f]{64}"


class SignInBody(Body):
    staff_code = Text(limits.SHORT_CODE)
    pin = Code(PIN, MOST_DIGITS)


class RuleSerializer(serializers.Serializer[Any]):
    mode = serializers.CharField(help_text="`allow`, `approval` or `deny`")
    percent = serializers.CharField(allow_null=True, help_text="Above it, an approval is needed")
    amount = serializers.CharField(allow_null=True, help_text="In major units; above it, an approval is needed")


class StaffSerializer(serializers.ModelSerializer[StaffMember]):
    role = serializers.CharField(source="role.name")

    class Meta:
        model = StaffMember
        fields = ("id", "code", "name", "role")


class StaffSessionSerializer(serializers.ModelSerializer[StaffSession]):
    staff = StaffSerializer()
    permissions = serializers.SerializerMethodField()
    approves = serializers.BooleanField(source="staff.role.approves")

    class Meta:
        model = StaffSession
        fields = ("id", "staff", "permissions", "approves", "started_at", "idle_seconds")

    def get_permissions(self, session: StaffSession) -> dict[str, dict[str, str | None]]:
        rules = session.staff.role.read_rules()
        return {
            str(name): {
                "mode": str(rule.mode),
                "percent": None if rule.percent is None else str(rule.percent),
                "amount": None if rule.amount is None else str(rule.amount),
            }
            for name, rule in rules.items()
        }


class StartedSessionSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text=f"Shown once: send it as {STAFF_HEADER}")
    session = StaffSessionSerializer()


class SubjectBody(Body):
    id = serializers.UUIDField(
        help_text="Of the document that the command makes or changes: of the order, the return; where there is none,"
        " the command's Idempotency-Key"
    )
    digest = Code(DIGEST, 64, help_text="SHA-256 of the command's body; docs/api.md says of which bytes")


class ApproveBody(Body):
    action = Choice(CHOICES, help_text="What needs the approval", required=False)
    actions = Several(Choice(CHOICES), len(CHOICES), help_text="Where a command needs it for several")
    subject = SubjectBody()
    staff_code = Text(limits.SHORT_CODE, help_text="Of whoever approves")
    pin = Code(PIN, MOST_DIGITS)
    reason = Text(limits.REASON)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("action" in attrs) == bool(attrs["actions"]):
            raise serializers.ValidationError({"action": ["Name one action, or several in actions."]})
        return {**attrs, "actions": [Permission(name) for name in attrs["actions"] or [attrs["action"]]]}


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    approved_by = serializers.UUIDField(source="approved_by_id")

    class Meta:
        model = Approval
        fields = ("id", "actions", "command_id", "approved_by", "granted_at", "expires_at")


def till_of(request: Request) -> Till:
    """Return the terminal that asks. Keys have no scope for these operations."""
    terminal = request.user
    assert isinstance(terminal, Terminal)
    return Till(device_id=terminal.device_id, register_id=terminal.place.register.pk)


class StaffSessionsView(APIView):
    @operation(
        "start_staff_session",
        body=SignInBody,
        answers={201: StartedSessionSerializer},
        refuses=[PinWrong, PinLocked],
        without_staff=True,
        example={"staff_code": "ANNA", "pin": "4711"},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Sign in at the terminal's register with a staff code and a PIN.

        Ten wrong PINs of one person in a day (UTC), and five of them at one device, are refused from then on, as is a
        device after twenty.
        """
        with acting_as(actor_of(request)):
            session, token = sign_in(
                code=asked["staff_code"], pin=asked["pin"], till=till_of(request), now=timezone.now()
            )
        shown = {"token": token, "session": session}
        return Response(StartedSessionSerializer(shown).data, status=201, headers={"Cache-Control": "no-store"})


class CurrentStaffSessionView(APIView):
    @operation("get_current_staff_session", answers=StaffSessionSerializer, refuses=[NotFound])
    def get(self, request: Request) -> Response:
        """Show who is signed in, and what their role says; 404 when the request names no session that goes on."""
        duty = on_duty(request)
        session = getattr(request.user, "session_id", None)
        if duty is None or session is None:
            message = "nobody is signed in here"
            raise NotFound(message)
        found = StaffSession.objects.select_related("staff__role").get(pk=session)
        return Response(StaffSessionSerializer(found).data)

    @operation("end_staff_session", answers={204: None}, refuses=[NotFound], without_staff=True)
    def delete(self, request: Request) -> Response:
        """Sign out: the session that the header names ends."""
        token = request.headers.get(STAFF_HEADER, "")
        with acting_as(actor_of(request)):
            sign_out(token=token, device_id=till_of(request).device_id, now=timezone.now())
        return Response(status=204)


class ApprovalListView(APIView):
    @operation(
        "approve_command",
        body=ApproveBody,
        answers={201: ApprovalSerializer},
        refuses=[PinWrong, PinLocked, PermissionDenied, OwnApproval],
        example={
            "action": "discount",
            "subject": {
                "id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02",
                "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            },
            "staff_code": "BEN",
            "pin": "0815",
            "reason": "A scratch",
        },
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Approve a command that whoever is signed in is about to send: once, for two minutes.

        The command then names it as `approval_id`, and is otherwise the same to the byte that its digest covers.
        """
        duty = on_duty(request)
        if duty is None:
            detail = "An approval is asked for by somebody: sign in by POST /api/v1/staff-sessions first."
            raise ApiProblem(401, "staff-session-required", detail)
        subject = asked["subject"]
        with acting_as(actor_of(request)):
            approval = approve(
                actions=asked["actions"],
                command_id=subject["id"],
                digest=subject["digest"],
                requested_by=duty,
                code=asked["staff_code"],
                pin=asked["pin"],
                reason=asked["reason"],
                till=till_of(request),
                now=timezone.now(),
            )
        return Response(ApprovalSerializer(approval).data, status=201)


urlpatterns = [
    path("staff-sessions", StaffSessionsView.as_view()),
    path("staff-sessions/current", CurrentStaffSessionView.as_view()),
    path("approvals", ApprovalListView.as_view()),
]
