"""Guards in the source of an app: the statements that refuse, found by the syntax tree and taken out of it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import cast

CHECKS = re.compile(r"_?(require|refuse|ensure|check|validate)(_|$)|full_clean$")
WITHOUT_GUARDS = {"migrations", "tests"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Place = tuple[str, int]
"""A function's qualified name and its first line, as its code object has them."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A statement that refuses: an `if` that ends in `raise`, `continue` or `return` without a value, the call of a
    check whose result is not used, or the `raise` that a function comes to when nothing has returned before.

    :param file: relative to the root of the project.
    :param owner: the outermost function around the guard, whose code is exchanged.
    :param reached: the lines that run when the guard is not just passed: the body of an `if`, or the call.
    :param after: the lines of the owner that follow the guard.
    """

    app: str
    file: str
    line: int
    text: str
    owner: Place
    reached: range
    after: range

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}"


def guards_of(root: Path, app: str) -> list[Guard]:
    """Return the guards of an app, in the order of its files and lines."""
    paths = [path for path in sorted((root / app).rglob("*.py")) if not WITHOUT_GUARDS & set(path.parts)]
    return [guard for path in paths for guard in find_guards(path.read_text(), str(path.relative_to(root)), app)]


def find_guards(source: str, file: str, app: str = "") -> list[Guard]:
    found = [
        Guard(
            app=app,
            file=file,
            line=statement.lineno,
            text=_text(statement),
            owner=owner,
            reached=_reached(statement),
            after=range(_end(statement) + 1, _end(function) + 1),
        )
        for owner, function in _functions(ast.parse(source).body, "")
        for node in ast.walk(function)
        for statement in _guards_at(node)
    ]
    return sorted(found, key=lambda guard: guard.line)


def code_without(guard: Guard, source: str, path: str) -> CodeType:
    """Return the code of the guard's owner, compiled without the guard.

    :param path: of the file, as tracebacks are to show it.
    :raises LookupError: when the source has no such guard.
    """
    without = _Without(guard)
    tree = without.visit(ast.parse(source))
    if without.found != 1:
        message = f"{guard.name} is no guard of this source: {guard.text}"
        raise LookupError(message)
    compiled = compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)
    return next(code for code in _codes(compiled) if (code.co_qualname, code.co_firstlineno) == guard.owner)


class _Without(ast.NodeTransformer):
    def __init__(self, guard: Guard) -> None:
        self.guard, self.found = guard, 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.stmt) and (node.lineno, _text(node)) == (self.guard.line, self.guard.text):
            self.found += 1
            return _nothing(node)
        return super().generic_visit(node)


def _nothing(statement: ast.stmt) -> ast.AST:
    """Put in a statement's place what remains of an `if` whose first branch is gone: its other branches, or nothing."""
    others = statement.orelse if isinstance(statement, ast.If) else []
    if not others:
        return ast.copy_location(ast.Pass(), statement)
    return ast.copy_location(ast.If(test=ast.Constant(value=True), body=others, orelse=[]), statement)


def _functions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[Place, Function]]:
    """Find the functions that stand in no other, methods among them."""
    for statement in body:
        if isinstance(statement, Function):
            first = min([statement.lineno, *(decorator.lineno for decorator in statement.decorator_list)])
            yield (prefix + statement.name, first), statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body, f"{prefix}{statement.name}.")


def _guards_at(node: ast.AST) -> list[ast.stmt]:
    if isinstance(node, ast.If):
        last = node.body[-1]
        ends = isinstance(last, ast.Raise | ast.Continue) or (isinstance(last, ast.Return) and _is_none(last.value))
        return [node] if ends else []
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        return [node] if CHECKS.match(name) else []
    if isinstance(node, Function):
        return [statement for statement in node.body[1:] if isinstance(statement, ast.Raise)]
    return []


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _text(statement: ast.stmt) -> str:
    return f"if {ast.unparse(statement.test)}" if isinstance(statement, ast.If) else ast.unparse(statement)


def _reached(statement: ast.stmt) -> range:
    if isinstance(statement, ast.If):
        return range(statement.body[0].lineno, _end(statement.body[-1]) + 1)
    return range(statement.lineno, _end(statement) + 1)


def _end(node: ast.stmt) -> int:
    return cast("int", node.end_lineno)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
