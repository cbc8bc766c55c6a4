"""The measurements of docs/figures.md. Each module prints one table; all figures of a table are of one run."""
