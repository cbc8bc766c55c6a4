"""Complete orders through HTTP: `python -m benchmarks.orders`."""
