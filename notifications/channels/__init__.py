"""The ways in which messages leave."""
