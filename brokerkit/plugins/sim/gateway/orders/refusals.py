"""The exchange's refusals, as a gateway says them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from brokerkit.errors import BrokerkitError, ConnectionProblem, OffTickPrice, OrderRejected, OutcomeUnknown
from brokerkit.plugins.sim.gateway.codes import OFF_TICK, Code
from brokerkit.plugins.sim.gateway.refused import RefusedError


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the exchange's refusal into the gateway's.

    A rejection has been reported as an event already. A line to the exchange that breaks is silence: nobody knows
    yet what became of the order.
    """
    try:
        yield
    except (OrderRejected, ConnectionProblem, OutcomeUnknown):
        return
    except OffTickPrice as error:
        raise RefusedError(Code.OFF_TICK, OFF_TICK) from error
    except BrokerkitError as error:
        raise RefusedError(Code.REJECTED, f"Order rejected - reason:{error.fact}") from error
