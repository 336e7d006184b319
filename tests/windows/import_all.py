"""Imports every module of brokerkit that runs on Windows, and prints how many there are."""

from __future__ import annotations

import importlib
import pkgutil

import brokerkit

ELSEWHERE = {"brokerkit.store.byte_locks"}  # `lock_files` takes its place
SCRIPTS = {"brokerkit.__main__"}
found = {module.name for module in pkgutil.walk_packages(brokerkit.__path__, "brokerkit.")} - ELSEWHERE - SCRIPTS
for name in sorted(found):
    importlib.import_module(name)
print(len(found))
