"""The fault harness: real processes that are really killed while terminals sell, and a checker that shares no code.

`make faults ROUNDS=30 SEED=1`. The same seed gives the same schedule.
"""
