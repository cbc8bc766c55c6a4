"""A terminal of a shop, asking the API in the test's own process."""

from typing import Any

from rest_framework.test import APIClient

from kernel.ids import new_id
from tests.support import make


class Terminal:
    """An API client that speaks for a paired device."""

    def __init__(self, host: str, token: str) -> None:
        self.client = APIClient()
        self.headers = {"Host": host, "Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query, headers=self.headers)

    def post(self, path: str, body: Any, key: str | None = None) -> Any:
        key = str(new_id()) if key is None else key
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return self.client.post(f"/api/v1{path}", body, format="json", headers=headers)


def terminal(shop_name: str) -> Terminal:
    _, token = make.device()
    return Terminal(f"{shop_name}.localhost", token)
