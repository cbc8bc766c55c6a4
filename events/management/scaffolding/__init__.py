"""What `manage.py new_event` writes: an event, its service, its subscriber, its golden payload, schema and test."""
