"""Where an app keeps its events, services, subscribers and tests: files, or packages with a file for each subject."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.management.base import CommandError

from events.management.scaffolding.names import WORDS

FOUNDATION = "events"


@dataclass(frozen=True, kw_only=True)
class Room:
    """An app in a source tree. :param subject: "" where the app has one file for each role."""

    root: Path
    app: str
    subject: str

    def module(self, role: str) -> Path:
        """Return the file of `events` or `subscribers`."""
        return Path(self.app, role, f"{self.subject}.py") if self._is_package(role) else Path(self.app, f"{role}.py")

    def front(self, role: str) -> Path | None:
        """Return the file that names what a package of that role holds; None where it is one file."""
        return Path(self.app, role, "__init__.py") if self._is_package(role) else None

    def services(self, service: str) -> Path:
        """Return the file of a service: of all of them, or of this one where they are a package."""
        folder = Path(self.app, self.subject)
        is_package = (self.root / folder / "services").is_dir()
        return folder / "services" / f"{service}.py" if is_package else folder / "services.py"

    @property
    def tests(self) -> Path:
        return Path("tests", self.app, self.subject)

    def _is_package(self, role: str) -> bool:
        return (self.root / self.app / role).is_dir()


def find_room(root: Path, app: str, subject: str, *, role: str, option: str) -> Room:
    """Find the app's files.

    :param role: what is needed, `events` or `subscribers`. :param option: which names the subject.
    :raises CommandError: when there is no such app or subject, or the app has no file for the role.
    """
    known = _apps_with(root, role)
    if not known:
        message = f"no app in {root} has {role}: give --folder the root of the source tree, or leave it out"
        raise CommandError(message)
    if app not in known:
        message = f"{app} is not an app that has {role}: use one of {', '.join(known)}"
        raise CommandError(message)
    subjects = sorted(path.parent.name for path in _services_in(root / app))
    if not subjects and subject:
        message = f"{app} is not divided by subject: leave {option} out"
        raise CommandError(message)
    if subjects and subject not in subjects:
        wrong = f"{subject[:40]!r} is not a subject of {app}" if subject else f"{app} is divided by subject"
        message = f"{wrong}: give {option} one of {', '.join(subjects)}"
        raise CommandError(message)
    return Room(root=root, app=app, subject=subject)


def _apps_with(root: Path, role: str) -> list[str]:
    """Name the apps with services. The foundation knows no app, so that nothing is added to it."""
    return sorted(
        folder.name
        for folder in (root.iterdir() if root.is_dir() else ())
        if WORDS.fullmatch(folder.name)
        and folder.name not in {FOUNDATION, "tests"}
        and ((folder / role).is_dir() or (folder / f"{role}.py").exists())
        and ((folder / "services.py").exists() or any(_services_in(folder)))
    )


def _services_in(app: Path) -> Iterator[Path]:
    yield from app.glob("*/services.py")
    yield from app.glob("*/services/")
