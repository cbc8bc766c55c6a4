"""How the event layer meets the API: idempotent requests, and the feed."""
