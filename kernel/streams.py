"""What people call a stream of the log by: each app says which names it knows, so that no one has to know its ids."""

from collections.abc import Callable

Naming = Callable[[str], str | None]
"""Returns the stream of the current shop that a name stands for; None when it is no name of this kind."""

_namings: list[Naming] = []


def name_streams_by(naming: Naming) -> None:
    if naming not in _namings:
        _namings.append(naming)


def stream_of(name: str) -> str | None:
    """Return the stream that a name stands for in the current shop; None when nothing has it."""
    return next((stream for naming in _namings if (stream := naming(name)) is not None), None)
