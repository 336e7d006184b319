"""From Python 3.14 on, annotations are evaluated late: a plugin may import what they name for type checkers only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit import errors, open_broker

pytestmark = pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated at once before 3.14")

PLUGIN = """
from typing import TYPE_CHECKING, ClassVar
import attrs
from brokerkit import BrokerPlugin, Fx, Services, Session, hookimpl, unsupported

if TYPE_CHECKING:
    import pandas as pd
    from acme_client import Cache

@attrs.frozen
class Settings:
    port: int
    cache: ClassVar[Cache | None] = None

class AcmeFx(Fx):
    get_fx_balances = unsupported("Acme holds no cash")
    put_fx_order_on_stack = unsupported("Acme has no FX desk")
    @hookimpl
    def get_list_of_fxcodes(self) -> list[str]:
        return ["GBPUSD"]
    @hookimpl
    def get_fx_prices(self, fx_code: str) -> pd.Series:
        raise NotImplementedError
    def read(self, cache: Cache) -> None: ...

def open_acme(settings: Settings, services: Services) -> Session:
    return Session((AcmeFx(),), unsupported("Acme only quotes currencies"), native=settings)

plugin = BrokerPlugin(open=open_acme, settings=Settings)
"""


def test_a_plugin_opens_and_its_settings_keep_their_types(install: Callable[..., Path]) -> None:
    install(PLUGIN)
    with open_broker("acme", port=4002) as broker:
        assert broker.fx.get_list_of_fxcodes() == ["GBPUSD"]
        assert broker.native.port == 4002
    with pytest.raises(errors.InvalidSetting, match="port is 'many'; it should be a whole number"):
        open_broker("acme", port="many")


def test_a_wrong_signature_is_told_as_it_is_written(install: Callable[..., Path]) -> None:
    install(PLUGIN.replace("fx_code: str", "fx_code: str, *rest: Cache"))
    with pytest.raises(errors.HookSignatureError, match=r"takes '\*rest: 'Cache'', which a hook cannot pass"):
        open_broker("acme", port=4002)
