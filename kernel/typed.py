"""What is typed on a command line, as argparse asks for it: each says in a sentence what it takes."""

from argparse import ArgumentTypeError
from collections.abc import Callable


def text(longest: int) -> Callable[[str], str]:
    """Take a text that is not empty and not longer than its column."""

    def parse(typed: str) -> str:
        if not 0 < len(typed) <= longest or not typed.isprintable():
            message = f"{typed[:40]!r} is not a printable text of 1 to {longest} characters"
            raise ArgumentTypeError(message)
        return typed

    return parse


def number(least: int, most: int, unit: str) -> Callable[[str], int]:
    def parse(typed: str) -> int:
        if not (typed.isascii() and typed.isdecimal() and least <= int(typed[:9]) <= most):
            message = f"{typed[:40]!r} is not a number of {unit} from {least} to {most}"
            raise ArgumentTypeError(message)
        return int(typed)

    return parse
