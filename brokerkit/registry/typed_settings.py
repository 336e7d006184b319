"""Settings written as text on the command line, read as their plugin declares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brokerkit.errors import InvalidSetting
from brokerkit.registry.conversion import NotConvertible, literal, parse
from brokerkit.registry.declared import CommonSettings, declared_settings
from brokerkit.registry.selection import load_plugin, select


def typed_settings(broker: str, texts: Mapping[str, str], beside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return settings as `open_broker` takes them.

    A key that the plugin does not declare is passed on as it is, so that opening the broker names the
    closest one. `risk.max_order_lots` means an option of a middleware, written as TOML.

    Args:
        broker: The name that it is opened by.
        texts: The settings as they were written, by key.
        beside: Settings that it is opened with as well; they may name its plugin.

    Raises:
        InvalidSetting: A text is not what its setting takes.
        ConfigError: The broker cannot be looked up.
    """
    if not texts:
        return {}
    given = {**(beside or {}), **texts}
    selection = select(broker, {"plugin": given["plugin"]} if "plugin" in given else {})
    declared = {**declared_settings(CommonSettings), **declared_settings(load_plugin(selection.plugin).settings)}
    typed: dict[str, Any] = {}
    for key, text in texts.items():
        table, dot, option = key.partition(".")
        if dot:
            typed.setdefault(table, {})[option] = literal(text)
        elif key in declared:
            typed[key] = _parsed(broker, key, text, declared[key].kind)
        else:
            typed[key] = text
    return typed


def _parsed(broker: str, key: str, text: str, kind: Any) -> Any:
    try:
        return parse(text, kind)
    except NotConvertible as error:
        raise InvalidSetting(
            f"Broker {broker!r}: {key} is {text!r}; it should be {error}.", place=f"--set {key}={text}"
        ) from None
