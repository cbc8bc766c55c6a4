"""What the README's figures come from. Each module prints one table; all figures of a table are of one run."""
