"""IB's data farms that are disconnected, as its notices say."""

from __future__ import annotations

from datetime import datetime, timezone

_QUOTES_BROKEN = 2103
_BROKEN = frozenset({_QUOTES_BROKEN, 2105, 2157})
_OK = frozenset({2104, 2106, 2158})


class DataFarms:
    """The disconnected farms, kept up to date in the client's thread and read in any.

    IB does not say from which farm the data of a contract come.
    """

    def __init__(self) -> None:
        self._broken: dict[str, tuple[int, datetime]] = {}  # replaced, never changed, because other threads read it

    def note(self, code: int, text: str) -> None:
        """Record what a notice says about a farm; any other notice is ignored."""
        farm = _farm(text)
        if code in _BROKEN:
            self._broken = {farm: (code, datetime.now(timezone.utc)), **self._broken}
        elif code in _OK:
            self._broken = {name: outage for name, outage in self._broken.items() if name != farm}

    def ended_outage(self, code: int, text: str) -> datetime | None:
        """Return when the outage began whose end a notice reports, before it is noted; None for any other notice."""
        _, since = self._broken.get(_farm(text), (code, None))
        return since if code in _OK else None

    def without_quotes(self, since: datetime) -> str:
        """Return the name of a farm that has sent no quotes since a time by this machine's clock; empty if none."""
        return next((farm for farm, (code, at) in self._broken.items() if code == _QUOTES_BROKEN and at >= since), "")


def _farm(text: str) -> str:
    """Return the data farm that a notice names after its last colon."""
    return text.rpartition(":")[2].strip()
