"""Makes the shared fixtures known; they live in `tests/support`."""

pytest_plugins = ["tests.support.servers"]
