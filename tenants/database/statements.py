"""What a statement's text says about transactions, schemas and rows. It is looked at before every statement."""

import re

_CONTROL = re.compile(
    r"\s*(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ABORT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE\s+TRANSACTION|DISCARD"
    r"|SET\s+(?:LOCAL\s+|SESSION\s+)?(?:TRANSACTION|CHARACTERISTICS|(?:default_)?transaction_isolation))\b",
    re.IGNORECASE,
)
_UNDOING = re.compile(r"\s*(?:ROLLBACK|ABORT|DISCARD|RESET)\b", re.IGNORECASE)
_ROWS = re.compile(
    r"\b(?:INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|(?<!\bFOR\s)(?<!\bKEY\s)(?<!\bDO\s)UPDATE)\s+\S", re.IGNORECASE
)
_TABLES = re.compile(
    r"(?:^|;)\s*(?:TRUNCATE|COPY|CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT|DO|CALL|REFRESH)\b", re.IGNORECASE
)


def controls_transaction(statement: str) -> bool:
    """Say whether a statement begins, ends or changes a transaction or a savepoint."""
    if _CONTROL.match(statement):
        return True
    return ";" in statement and "$" not in statement and any(map(_CONTROL.match, statement.split(";")))


def writes(statement: str) -> bool:
    """Say whether a statement may change rows or tables. Locking rows (`FOR UPDATE`) changes none."""
    return _ROWS.search(statement) is not None or _TABLES.search(statement) is not None


def may_change_search_path(statement: str) -> bool:
    return "search_path" in statement or "SEARCH_PATH" in statement or _UNDOING.match(statement) is not None
