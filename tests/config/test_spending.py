"""Spending: a mean over the last seconds, forgotten by and by."""

import pytest

from config.spending import FORGOTTEN_SECONDS, LATELY_SECONDS, Spending


def test_a_thread_that_is_held_all_the_time_counts_as_one() -> None:
    now = [0.0]
    spending = Spending(lambda: now[0])

    for _ in range(300):
        now[0] += 0.1
        spending.add("a", 0.1)

    assert spending.threads("a") == pytest.approx(1.0, abs=0.05)
    assert spending.threads("b") == 0.0


def test_what_was_spent_long_ago_counts_for_less_and_is_forgotten() -> None:
    now = [0.0]
    spending = Spending(lambda: now[0])
    spending.add("a", LATELY_SECONDS)
    now[0] += LATELY_SECONDS

    assert spending.threads("a") == pytest.approx(0.37, abs=0.01)

    now[0] += FORGOTTEN_SECONDS
    spending.add("b", 1.0)
    assert "a" not in spending._spent
