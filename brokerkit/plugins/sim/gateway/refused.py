"""What a handler raises instead of answering: the code and the words of the error that its client gets."""

from __future__ import annotations

from brokerkit.plugins.sim.gateway.codes import Code


class RefusedError(Exception):
    """A request that is answered with an error, under its own id."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def invalid(cause: str, letters: str) -> RefusedError:
    """Return the refusal of a request that makes no sense.

    Args:
        cause: What is wrong with it.
        letters: The two letters by which a gateway names the place where it found that.
    """
    return RefusedError(Code.ERROR_VALIDATING, f"Error validating request.-'{letters}' : cause - {cause}")
