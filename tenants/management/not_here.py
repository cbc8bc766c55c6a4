"""Commands of libraries that would read and write rows past the rules of shops."""

from kernel.commands import Replaced


class Rows(Replaced):
    instead = "rows go in and out by pages of the shop's admin (docs/importing.md)"
