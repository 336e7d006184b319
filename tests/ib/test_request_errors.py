"""A notice does not end a request, and every refusal does, whichever the library takes it for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order
from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway.codec.requests.contracts import ContractDetailsRequest
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.faults.refusals import TIF_TEXT

AnswerAs = Callable[..., None]
MAINTENANCE = "Error validating request.-'bD' : cause - Please enter a valid security type"


@pytest.mark.parametrize(
    ("code", "text"), [(10349, TIF_TEXT), (399, "Order Message:\nBUY 1 GC"), (2161, "We will cap it")]
)
def test_a_preview_has_its_figures_also_after_a_notice(
    broker: Broker, gold: FuturesContract, answer_as: AnswerAs, code: int, text: str
) -> None:
    """10349 is informational, as in ib-api-reloaded/ib_async#191, of which neither library knows."""
    usual_figures = broker.orders.what_if_order(Order.limit(gold, 2, 1900))

    def notify(session: Any, asked: PlaceOrder, usual: Callable[..., None]) -> None:
        session.error(asked.order_id, code, text)
        usual(session, asked)

    answer_as(PlaceOrder, notify)
    assert broker.orders.what_if_order(Order.limit(gold, 2, 1900)) == usual_figures
    assert broker.contracts.get_commission_for_contract(gold).amount > 0


def test_a_request_that_ib_refuses_as_invalid_ends_at_once_with_its_reason(broker: Broker, answer_as: AnswerAs) -> None:
    """ib_async takes 321 for a warning, because it may concern the change of an order, and waits."""
    answer_as(ContractDetailsRequest, lambda session, asked, usual: session.error(asked.req_id, 321, MAINTENANCE))
    with pytest.raises(InvalidArgument, match="valid security type"):
        broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
