"""`make demo`: two shops that sell, from nothing to READY, on one command; and the embedded stack that they run on."""
