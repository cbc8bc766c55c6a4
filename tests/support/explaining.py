"""Plans of what a test runs, with the blocks that each statement touched."""

import re
from typing import Any


class Explaining:
    """Wraps statements of a transaction (`connection.execute_wrapper`); keeps of each how many blocks it touched, and its plan."""

    def __init__(self) -> None:
        self.read: list[tuple[int, str]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if sql.lstrip().startswith(("SELECT", "WITH", "UPDATE")):
            with context["connection"].connection.cursor() as cursor:
                cursor.execute("SAVEPOINT explained")
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
                plan = "\n".join(line for (line,) in cursor.fetchall())
                cursor.execute("ROLLBACK TO SAVEPOINT explained")
            first = re.search(r"Buffers: (.*)", plan.split("Planning")[0])
            self.read.append((sum(map(int, re.findall(r"=(\d+)", first[1]))) if first else 0, plan))
        return execute(sql, params, many, context)

    def touched(self, table: str) -> list[int]:
        """List how many blocks of a table each scan of it touched: dead rows of other tables do not count."""
        scans = rf"Scan[^\n]* on {table}\b[^\n]*(?:\n(?! *->)[^\n]*)*?\n *Buffers: (.*)"
        return [
            sum(map(int, re.findall(r"=(\d+)", buffers)))
            for _, plan in self.read
            for buffers in re.findall(scans, plan.split("Planning")[0])
        ]
