"""What the tills can do."""
