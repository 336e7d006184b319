"""What the tests of the IB plugin share."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from typing import Any

import pytest


@pytest.fixture(scope="session")
def library() -> Any:
    """The client library that is installed: the real classes of ib_insync, or of ib_async."""
    found = [name for name in ("ib_insync", "ib_async") if importlib.util.find_spec(name)]
    if not found:
        pytest.skip("neither ib_insync nor ib_async is installed")
    loop = asyncio.new_event_loop()  # the library looks for one while it is imported
    asyncio.set_event_loop(loop)
    module = importlib.import_module(found[0])
    asyncio.set_event_loop(None)
    loop.close()
    return module
