"""Python files that gain imports and definitions; ruff sorts and formats them, as `make format` would."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.core.management.base import CommandError

SORTED = "I,RUF022,UP037"
HERE = "this module"


@dataclass
class Tree:
    """A source tree, and the files that will be written into it, all or none.

    :param files: new contents by path, relative to the root.
    """

    root: Path
    files: dict[Path, str] = field(default_factory=dict)

    def read(self, path: Path) -> str:
        """Return a module's text, "" where it is new.

        :raises CommandError: when it is not Python.
        """
        if path in self.files:
            return self.files[path]
        file = self.root / path
        try:
            text = file.read_text() if file.exists() else ""
            ast.parse(text)
        except (SyntaxError, ValueError) as error:
            message = f"{path} is not Python, so nothing can be added to it: {error}"
            raise CommandError(message) from None
        return text

    def add(self, path: Path, *, imports: Iterable[str], definition: str, docstring: str) -> None:
        """Append a definition to a module. :param docstring: of the module, where it is new.

        :raises CommandError: when the module has the name already, or something else by the name of an import.
        """
        imports = list(imports)
        before = self.read(path) or f'"""{docstring}"""\n'
        require_distinct(path, before, definition)
        require_distinct(path, before, *imports)
        self.files[path] = self._formatted(path, f"{_with_imports(before, imports)}\n\n{definition}")

    def export(self, path: Path, *, imports: str, name: str) -> None:
        """Import a name in the `__init__.py` of a package, and add it to `__all__`.

        :raises CommandError: when the package exports something else by that name.
        """
        before = self.read(path)
        require_distinct(path, before, imports)
        if f'"{name}"' not in before:
            text = re.sub(r"__all__ = \[", f'__all__ = ["{name}", ', _with_imports(before, [imports]), count=1)
            self.files[path] = self._formatted(path, text)

    def put(self, path: Path, text: str) -> None:
        """Add a file that must not exist.

        :raises CommandError: when it does.
        """
        if (self.root / path).exists():
            message = f"{path} exists already: remove it, or choose another name"
            raise CommandError(message)
        self.files[path] = self._formatted(path, text) if path.suffix == ".py" and text else text

    def write(self) -> list[Path]:
        """Write all files; where one cannot be written, the tree is left as it was."""
        files = {self.root / path: text for path, text in self.files.items()}
        kept = {file: file.read_bytes() if file.exists() else None for file in files}
        made: list[Path] = []
        try:
            for file, text in files.items():
                made += [folder for folder in (file.parent, *file.parent.parents) if not folder.exists()]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        except OSError:
            for file, contents in kept.items():
                if contents is not None:
                    file.write_bytes(contents)
                elif file.parent.exists():
                    file.unlink(missing_ok=True)
            for folder in sorted(made, reverse=True):
                folder.rmdir()
            raise
        return list(self.files)

    def _formatted(self, path: Path, text: str) -> str:
        sorted_ = self._ruff("check", "--select", SORTED, "--fix", "--quiet", path=path, text=text)
        return self._ruff("format", path=path, text=sorted_)

    def _ruff(self, *arguments: str, path: Path, text: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"],
            cwd=self.root, input=text, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if "No module named ruff" in done.stderr:
            raise CommandError("ruff is not installed: make .venv/installed-dev")
        if done.returncode:
            message = f"ruff cannot format {path}: {' '.join(done.stderr.split())[:300]}"
            raise CommandError(message)
        return done.stdout


def require_distinct(path: Path, *texts: str) -> None:
    """:raises CommandError: when two of the texts give the same name to different things."""
    found: dict[str, str] = {}
    for text in texts:
        for name, origin in _names(text).items():
            if name in found and (found[name] != origin or origin == HERE):
                message = f"{path} has {name} already: choose another name"
                raise CommandError(message)
            found[name] = origin


def _names(text: str) -> dict[str, str]:
    """Return what a module defines or imports: each name with the module that it comes from."""
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            origin = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            found |= {alias.asname or alias.name: origin for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = HERE
        elif isinstance(node, ast.Assign):
            found |= {target.id: HERE for target in node.targets if isinstance(target, ast.Name)}
    return found


def _with_imports(text: str, imports: Iterable[str]) -> str:
    """Put imports after the module's docstring; ruff joins them with those that are there."""
    body = ast.parse(text).body
    first = body[0] if body else None
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    at = (first.end_lineno or 0) if first is not None and is_docstring else 0
    lines = text.splitlines()
    return "\n".join([*lines[:at], "", *imports, *lines[at:], ""])
