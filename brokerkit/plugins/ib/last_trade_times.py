"""Reads when a contract stops trading before the library does, which loses the zone of that time.

IB writes it in the zone of the Gateway's setting 'Send instrument-specific attributes', so that the date may be another
than the exchange's. The libraries cut the text at any hyphen, also at that of a zone such as `GB-Eire`.
"""

from __future__ import annotations

from typing import Any

from brokerkit.errors import MissingData
from brokerkit.plugins.ib.times import expiry_from
from brokerkit.plugins.ib.zones import zone_of_last_trade

_CONTRACT = 10
_LAST_TRADE, _EXCHANGE, _HOURS_ZONE = 4, 7, 25
_WITHOUT_VERSION = 164
"""The first server version whose message lacks its own version, and a size before the hours' zone."""


def read_last_trade_times(ib: Any) -> None:
    """Make the library receive every last trading time in the exchange's zone, without the zone's name."""
    handlers = ib.client.decoder.handlers
    handle = handlers[_CONTRACT]

    def handler(fields: list[str]) -> None:
        is_older = ib.client.serverVersion() < _WITHOUT_VERSION
        last_trade, exchange, zone = _LAST_TRADE + is_older, _EXCHANGE + is_older, _HOURS_ZONE + 2 * is_older
        fields[last_trade] = _at_exchange(fields[last_trade], fields[exchange], fields[zone])
        handle(fields)

    handlers[_CONTRACT] = handler


def _at_exchange(text: str, exchange: str, hours_zone: str) -> str:
    try:
        moment = expiry_from(text, hours_zone).moment
    except MissingData:
        return text  # not a time: whoever asks for the contract is told so
    return text if moment is None else f"{moment.astimezone(zone_of_last_trade(exchange, hours_zone)):%Y%m%d %H:%M:%S}"
