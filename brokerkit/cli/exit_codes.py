"""Which exit code each branch of the error tree ends the process with; scripts may rely on them."""

from __future__ import annotations

from brokerkit import errors

OK = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130

# The first class that an error belongs to decides, so branches inside others come first.
_BY_BRANCH: tuple[tuple[type[errors.BrokerkitError], int, str], ...] = (
    (errors.ConfigError, 3, "the configuration is wrong (BK1xx)"),
    (errors.PluginError, 4, "a plugin breaks the contract (BK2xx)"),
    (errors.CallRefused, 5, "refused before anything was sent (BK3xx)"),
    (errors.NotFound, 6, "what was asked for does not exist (BK40x)"),
    (errors.DataFileError, 7, "a data file is damaged (BK450)"),
    (errors.OrderError, 8, "the order was not placed or not changed (BK50x)"),
    (errors.OutcomeUnknown, 9, "sent, and it is not yet known whether it arrived (BK550)"),
    (errors.ConnectionProblem, 10, "no connection to the broker, or no answer in time (BK6xx)"),
    (errors.StoreError, 11, "the local store cannot be used (BK7xx)"),
)

EXIT_CODES: dict[int, str] = {
    OK: "done",
    FAILED: "a check failed, or something unexpected happened",
    USAGE: "the command line is wrong",
    **{code: meaning for _, code, meaning in _BY_BRANCH},
    INTERRUPTED: "interrupted",
}

EXIT_CODE_HELP = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())


def exit_code_of(error: errors.BrokerkitError) -> int:
    """Return the exit code that tells a script which kind of error this is.

    Example:
        >>> exit_code_of(errors.MissingContract("No contract CORN/190001."))
        6
    """
    return next((code for branch, code, _ in _BY_BRANCH if isinstance(error, branch)), FAILED)
