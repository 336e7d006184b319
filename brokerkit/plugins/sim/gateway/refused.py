"""The exception with which a handler refuses a request: the code and text of the error sent to the client."""

from __future__ import annotations

from brokerkit.plugins.sim.gateway.codes import Code


class RefusedError(Exception):
    """A request was refused: its client gets an error under its request id."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def invalid(cause: str, letters: str) -> RefusedError:
    """Return the refusal of an invalid request: error 321.

    Args:
        cause: What is wrong with it.
        letters: The two letters with which a gateway marks where its validation failed.
    """
    return RefusedError(Code.ERROR_VALIDATING, f"Error validating request.-'{letters}' : cause - {cause}")
