"""The two servers that everything needs: given by URL, or embedded."""

import os
from functools import cached_property

from config.place import urls_file, var, write_urls
from demo.stack.broker import EmbeddedBroker
from demo.stack.postgres import EmbeddedPostgres


class Services:
    """PostgreSQL and the broker. What `DATABASE_URL` or `REDIS_URL` names is used as it is, and never stopped.

    Both calls may be repeated: what runs is found, what died is started.
    """

    def __init__(self, postgres_settings: str = "") -> None:
        self.urls: dict[str, str] = {}
        self.given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
        self.postgres_settings = postgres_settings

    def start(self) -> dict[str, str]:
        """Start what is not given and return the URLs, with those that were announced."""
        urls = {**self.urls, **self.given}
        var().mkdir(parents=True, exist_ok=True)
        if "DATABASE_URL" not in self.given:
            urls["DATABASE_URL"] = self._postgres.start()
        if "REDIS_URL" not in self.given:
            urls["REDIS_URL"] = self._broker.start()
        self.urls = urls
        write_urls(urls)
        return urls

    def announce(self, **urls: str) -> None:
        """Let every process of ours find these too, while the servers run."""
        self.urls.update(urls)
        write_urls(self.urls)

    def exited(self) -> list[str]:
        """Name the servers of ours that do not run."""
        exited = []
        if "DATABASE_URL" not in self.given and self._postgres.pid() is None:
            exited.append("PostgreSQL")
        if "REDIS_URL" not in self.given and self._broker.pid() is None:
            exited.append("the broker")
        return exited

    def stop(self) -> None:
        if "REDIS_URL" not in self.given and (var() / "broker").exists():
            self._broker.stop()
        if "DATABASE_URL" not in self.given and (var() / "postgres").exists():
            self._postgres.stop()
        urls_file().unlink(missing_ok=True)

    def status(self) -> str:
        database = "given" if "DATABASE_URL" in self.given else self._postgres.pid() or "stopped"
        broker = "given" if "REDIS_URL" in self.given else self._broker.pid() or "stopped"
        return f"postgres={database} broker={broker}"

    @cached_property
    def _postgres(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(var() / "postgres", self.postgres_settings)

    @cached_property
    def _broker(self) -> EmbeddedBroker:
        return EmbeddedBroker(var() / "broker")
