"""The conformance suite, run on Tradepost."""

from brokerkit.conformance import *  # noqa: F403
