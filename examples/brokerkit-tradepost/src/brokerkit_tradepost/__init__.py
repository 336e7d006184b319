"""Tradepost for brokerkit: a venue that is asked over HTTP, and never calls back."""

from __future__ import annotations

from brokerkit import AccountKind, BrokerPlugin, Services, Session
from brokerkit_tradepost.capital import TradepostCapital
from brokerkit_tradepost.client import Client
from brokerkit_tradepost.contracts import TradepostContracts
from brokerkit_tradepost.fx import TradepostFx
from brokerkit_tradepost.instruments import TradepostInstruments
from brokerkit_tradepost.orders import TradepostOrders
from brokerkit_tradepost.poller import Poller
from brokerkit_tradepost.positions import TradepostPositions
from brokerkit_tradepost.prices import TradepostPrices
from brokerkit_tradepost.settings import TradepostSettings


def open_session(settings: TradepostSettings, services: Services) -> Session:
    """Log in, start polling, and hand over an object for each domain."""
    client = Client(settings.url, settings.api_key, settings.timeout)
    status = client.get("/v1/status")
    instruments = TradepostInstruments(client)
    contracts = TradepostContracts(client, instruments)
    poller = Poller(client, services.emit, settings.poll_seconds, contracts.of_id)
    poller.start()
    return Session(
        domains=(
            TradepostFx(client),
            TradepostPrices(client, instruments, contracts),
            contracts,
            instruments,
            TradepostCapital(client),
            TradepostOrders(client, contracts, poller),
            TradepostPositions(client),
        ),
        account_kind=AccountKind.PAPER if status["paper"] else AccountKind.LIVE,
        native=client,
        close=poller.stop,
        state=lambda: poller.state,
        data=settings.url,
    )


plugin = BrokerPlugin(open=open_session, settings=TradepostSettings, summary="Tradepost, polled over HTTP")
