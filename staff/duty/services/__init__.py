"""What can be done with the people at the tills; each module publishes what it did."""
