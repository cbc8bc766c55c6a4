"""Commands: what a request asks for, with who asks for it, and the digest that an approval of it names."""

import hashlib
import json
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from rest_framework import serializers
from rest_framework.request import Request

from kernel.ids import parsed_id
from kernel.permissions import Command
from web.inputs import Body
from web.operations import KEY_HEADER
from web.terminal import on_duty

APPROVAL = "approval_id"


class ApprovableBody(Body):
    """A body that may name the approval of what it asks for."""

    approval_id = serializers.UUIDField(
        required=False, help_text="Where the role of whoever is signed in needs one: POST /api/v1/approvals"
    )


def command_of(request: Request, asked: dict[str, Any], id: UUID | None = None) -> Command:
    """Return what a request asks for, with who asks. The approval is taken out of what was read of the body.

    :param asked: what was read of the body. :param id: of the document that the command makes or changes, where it is
        no member of the body; where there is none at all, the Idempotency-Key names the command.
    """
    approval_id: UUID | None = asked.pop(APPROVAL, None)
    return Command(
        id=id or asked.get("id") or _id_of_key(request),
        by=on_duty(request),
        approval_id=approval_id,
        digest=digest_of(request.data) if approval_id else "",
        device_id=getattr(request.user, "device_id", None),
    )


def _id_of_key(request: Request) -> UUID:
    key = request.headers.get(KEY_HEADER, "").strip('"')
    return parsed_id(key) or uuid5(NAMESPACE_OID, key)


def digest_of(body: Any) -> str:
    """Return the SHA-256, in hexadecimal, of a body as JSON without blanks, its members in the order of their names.

    The member that names the approval is left out.
    """
    written = json.dumps(without_approval(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode(errors="surrogatepass")).hexdigest()


def without_approval(body: Any) -> dict[str, Any]:
    return {name: value for name, value in dict(body).items() if name != APPROVAL}
