"""Where the embedded stack keeps its files, and how others find a stack that runs."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def var() -> Path:
    """Return the folder of the embedded stack (`TILLFLOW_VAR`, default `var/`)."""
    return Path(os.environ.get("TILLFLOW_VAR") or ROOT / "var").resolve()


def unusable(folder: Path, error: OSError) -> str:
    """Say that a folder cannot be worked with, and why."""
    return f"TILLFLOW_VAR names {folder}, which is no folder that can be used: {error.strerror}"


def urls_file() -> Path:
    return var() / "stack.env"


def write_urls(urls: dict[str, str]) -> None:
    """Write what every process of ours takes into its environment, where it is not set there."""
    urls_file().write_text("".join(f"{name}={value}\n" for name, value in urls.items()))


def load_urls() -> None:
    """Put the URLs of the embedded stack into the environment, where none are set."""
    if not urls_file().exists():
        return
    for line in urls_file().read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, value)
