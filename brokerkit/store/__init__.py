"""What must outlive a process: leased client ids, orders and fills, in one SQLite file.

`open_store` opens it; `brokerkit.spec.services` says what its parts promise.
"""

from brokerkit.store._local import LocalStore, default_path, open_store

__all__ = ["LocalStore", "default_path", "open_store"]
