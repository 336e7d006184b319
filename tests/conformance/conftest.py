"""pytest run from inside pytest, for tests of the suite."""

from __future__ import annotations

pytest_plugins = ["pytester"]
