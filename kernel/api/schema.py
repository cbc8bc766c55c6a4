"""How the API describes itself."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

from kernel.api.terminal import IsTerminal


class Schema(AutoSchema):
    """Says of each operation whether a key will do, or only a terminal's token."""

    def get_auth(self) -> list[dict[str, Any]]:
        accepted: list[dict[str, Any]] = super().get_auth()
        only_terminals = any(isinstance(permission, IsTerminal) for permission in self.view.get_permissions())
        return [scheme for scheme in accepted if not (only_terminals and "apiKey" in scheme)]
