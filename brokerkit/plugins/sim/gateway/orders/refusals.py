"""The exchange's refusals in a gateway's terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from brokerkit.errors import BrokerkitError, ConnectionProblem, OffTickPrice, OrderRejected, OutcomeUnknown
from brokerkit.plugins.sim.gateway.codes import OFF_TICK, Code
from brokerkit.plugins.sim.gateway.refused import RefusedError


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the exchange's refusal into the gateway's.

    A rejection has already been reported as an event. If the connection to the exchange breaks, nothing is raised:
    the outcome of the order is not known yet.
    """
    try:
        yield
    except (OrderRejected, ConnectionProblem, OutcomeUnknown):
        return
    except OffTickPrice as error:
        raise RefusedError(Code.OFF_TICK, OFF_TICK) from error
    except BrokerkitError as error:
        raise RefusedError(Code.REJECTED, f"Order rejected - reason:{error.fact}") from error
