"""Guards that no test of their app is to fail without: each with its reason. An entry that matches no guard is an error."""

SPARED: dict[tuple[str, str], str] = {}
"""By file and text of the guard, as `make mutations` prints them."""
