"""What the text of a statement shows about transactions, schemas, rows and the session. Every statement is examined.

Comments are no part of it, and neither is what stands between quotes, but for names of settings and bodies of code.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST_KEPT = 10_000

_TOKEN = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)"""
    r"""|--[^\n]*|/\*""",
    re.DOTALL,
)
_BLOCK = re.compile(r"/\*|\*/")
_CONTROL = re.compile(
    r"(?:BEGIN|START TRANSACTION|COMMIT|END|ABORT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE TRANSACTION|DISCARD"
    r"|SET (?:LOCAL |SESSION )?(?:TRANSACTION|CHARACTERISTICS|default_transaction_isolation|transaction_isolation))\b",
    re.IGNORECASE,
)
_UNDOING = re.compile(r"(?:ROLLBACK|ABORT|DISCARD|RESET|SET (?:LOCAL |SESSION )?SCHEMA)\b", re.IGNORECASE)
_SETTING_PATH = re.compile(r"search_path|set_config", re.IGNORECASE)
_ROWS = re.compile(
    r"\b(?:INTO|DELETE FROM|(?<!\bFOR )(?<!\bKEY )(?<!\bDO )UPDATE)\b|\b(?:next|set)val ?\(", re.IGNORECASE
)
_TABLES = re.compile(
    r"(?:TRUNCATE|COPY|CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT|DO|CALL|REFRESH|SECURITY LABEL|IMPORT|LOCK)\b",
    re.IGNORECASE,
)
_SESSION = re.compile(
    r"(?:^|;) ?(?:SET (?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)|RESET\b|LISTEN\b|LOAD\b|PREPARE (?!TRANSACTION\b))"
    r"|\bTEMP(?:ORARY)?\b|\bCREATE\b[^;]*\bpg_temp\b|\bWITH HOLD\b|\bset_config ?\((?![^)]*, ?true ?\))"
    r"|\bpg_(?:try_)?advisory_lock(?:_shared)?\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?:DO|CALL)\b", re.IGNORECASE)
_SESSION_IN_CODE = re.compile(r"\bSET\b(?! LOCAL\b)|\bLISTEN\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """:param controls: whether it begins, ends or changes a transaction or a savepoint.

    :param writes: whether it may change rows or tables. Locking rows (`FOR UPDATE`) changes none.
    :param may_move: whether the search_path may be another one afterwards.
    :param leaves: whether the session may keep something of it after the transaction: a setting, a role, a temporary
        table, a lock, a channel, a cursor, a prepared statement.
    """

    controls: bool
    writes: bool
    may_move: bool
    leaves: bool


def read(text: str) -> Statement:
    """Look at one text, which may hold several statements. What was found for a short text is kept."""
    return _read_and_keep(text) if len(text) <= LONGEST_KEPT else _read(text)


def _read(text: str) -> Statement:
    bare = _bare(text)
    parts = [part.strip() for part in bare.split(";")]
    code = any(map(_CODE.match, parts))
    return Statement(
        controls=any(map(_CONTROL.match, parts)),
        writes=_ROWS.search(bare) is not None or any(map(_TABLES.match, parts)),
        may_move=code or _SETTING_PATH.search(text) is not None or any(map(_UNDOING.match, parts)),
        leaves=_SESSION.search(bare) is not None
        or (code and (_SESSION.search(text) is not None or _SESSION_IN_CODE.search(text) is not None)),
    )


_read_and_keep = lru_cache(maxsize=1024)(_read)


def _bare(text: str) -> str:
    """Return the text without comments, with empty quotes in place of full ones and one space where there were more."""
    kept: list[str] = []
    begin = 0
    while found := _TOKEN.search(text, begin):
        kept.append(text[begin : found.start()])
        mark, begin = found.group(), found.end()
        if mark == "/*":
            begin = _end_of_comment(text, begin)
        kept.append(" " if mark[0] in "/-" else '""' if mark[0] == '"' else "''")
    kept.append(text[begin:])
    return " ".join("".join(kept).split())


def _end_of_comment(text: str, begin: int) -> int:
    """Find the end of a comment that has begun: comments may hold comments."""
    depth = 1
    for mark in _BLOCK.finditer(text, begin):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)
