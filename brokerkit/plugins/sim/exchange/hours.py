"""What the clock does to orders: sessions close and open, orders expire, contracts end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange import book, contingencies, margin_calls, scheduling
from brokerkit.plugins.sim.exchange.agenda import CONTRACT_END, SESSION_CLOSE, SESSION_OPEN
from brokerkit.plugins.sim.exchange.entries import POSITION, Settlement
from brokerkit.plugins.sim.exchange.live_order import HELD, IN_FLIGHT, NOWHERE
from brokerkit.plugins.sim.exchange.units import nanoseconds, price_units
from brokerkit.spec.order import TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue

DAY, GTD, AT_OPEN, AT_CLOSE = TimeInForce.DAY, TimeInForce.GTD, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE


def is_open(listing: Listing, now: int) -> bool:
    """Return whether the listing's market is in a session."""
    session = listing.sessions.current_or_next(now)
    return session is not None and session[0] <= now


def is_closed(venue: Venue, listing: Listing) -> bool:
    """Return whether a new order must wait for an opening; for one that starts inside a bar, that bar counts."""
    if venue.trading is listing:
        return not is_open(listing, listing.left_for)
    return listing.session_open > venue.now


def opened_since(listing: Listing, since: int, now: int) -> int | None:
    """Return when the current session opened, if after an instant; otherwise None."""
    session = listing.sessions.current_or_next(now)
    return None if session is None or not since < session[0] <= now else session[0]


def was_open(listing: Listing, instant: int) -> bool:
    """Return whether the listing's market was in a session just before an instant."""
    return is_open(listing, instant - 1)


def watch_session(venue: Venue, listing: Listing) -> None:
    """Put the close of the current or next session on the agenda."""
    session = listing.sessions.current_or_next(venue.now)
    listing.session_open, listing.close_due = (scheduling.NEVER,) * 2 if session is None else session
    if session is not None:
        venue.agenda.put(session[1], SESSION_CLOSE, venue.on_session_close, listing)


def closes_now(venue: Venue, listing: Listing) -> bool:
    """Return whether a session ends at this instant and its close has yet to be processed."""
    session = listing.sessions.current_or_next(venue.now - 1)
    return session is not None and session[1] == venue.now and not venue.agenda.is_over(venue.now, SESSION_CLOSE)


def resume_close(venue: Venue, listing: Listing) -> None:
    """Process a close at this instant that was due when the exchange was stopped."""
    if closes_now(venue, listing):
        venue.agenda.put(venue.now, SESSION_CLOSE, venue.on_session_close, listing)


def hold(venue: Venue, listing: Listing, live: LiveOrder) -> None:
    """Hold an order until its market opens, or until its auction."""
    live.place = HELD
    listing.held.append(live)
    if live.order.time_in_force is not AT_CLOSE:
        watch_open(venue, listing)


def watch_open(venue: Venue, listing: Listing) -> None:
    """Put the next opening on the agenda, even if it is due at this instant."""
    session = listing.sessions.current_or_next(venue.now)
    if session is not None and not venue.agenda.is_ahead(session[0], SESSION_OPEN):
        session = listing.sessions.current_or_next(session[1])
    if session is not None and listing.open_due != session[0]:
        listing.open_due = session[0]
        venue.agenda.put(session[0], SESSION_OPEN, venue.on_session_open, listing)


def on_session_open(venue: Venue, listing: Listing) -> None:
    """Release held orders."""
    listing.open_due = -1
    held, listing.held = listing.held, []
    for live in held:
        if live.order.time_in_force is AT_CLOSE:
            listing.held.append(live)
        else:
            live.place, live.joins = NOWHERE, venue.now
            venue.place(live)
    scheduling.schedule(venue, listing)


def on_session_close(venue: Venue, listing: Listing) -> None:
    """Trade the closing auction, end DAY orders, and hold the others until the next opening."""
    close = venue.now
    listing.close_due = -1
    following = listing.sessions.current_or_next(close)
    stays_open = following is not None and following[0] == close
    for live in [*listing.all_orders(), *contingencies.pending_children(venue, listing)]:
        kind, trades = live.order.time_in_force, live.place not in (HELD, NOWHERE)
        if live.is_final or (live.parent is not None and live.parent.place == IN_FLIGHT) or live.submitted >= close:
            continue  # it ended at this close, has not arrived yet, or is for the next session
        if kind is AT_CLOSE and live.place == HELD:
            _trade_close(venue, listing, live)
        elif kind is DAY or (kind is AT_OPEN and trades):
            venue.expire(live, "the session closed")
        elif trades and not stays_open and not live.order.outside_hours:
            book.remove(listing, live)
            hold(venue, listing, live)
            if live.best is not None and venue.unlogged is not None:
                venue.unlogged[live.number] = live  # its trigger may have moved since the last save
    if venue.to_review:
        margin_calls.review_due(venue, listing, SESSION_CLOSE)
    if listing.all_orders() or contingencies.pending_children(venue, listing):
        watch_session(venue, listing)
    scheduling.schedule(venue, listing)


def _trade_close(venue: Venue, listing: Listing, live: LiveOrder) -> None:
    """Fill an at-close order at the session's last price; end it if nothing traded in the session."""
    if live.joins >= venue.now:
        return
    book.remove(listing, live)
    series, now = listing.series, venue.now
    price = series.close_at(now)
    session = listing.sessions.current_or_next(now - 1)
    if price is None or session is None or series.ended_by(now) <= max(live.joins, session[0]):
        venue.end(live, "nothing traded before the close")
        return
    limit = live.limit
    if limit is not None and (price - limit) * live.side > 0:
        venue.end(live, "the close was beyond the limit")
        return
    lots = venue.fillable(live, live.remaining)
    if not lots:
        venue.end(live, contingencies.NOTHING_LEFT)
        return
    listing.left += lots  # the auction takes none of a bar's volume
    venue.fill(live, lots, price)


def watch_good_till(venue: Venue, live: LiveOrder) -> None:
    """Put a GTD order's end on the agenda: with session closes, before anything arrives at that instant."""
    if live.order.good_till is not None:
        due = max(nanoseconds(live.order.good_till), venue.now)
        venue.agenda.put(due, SESSION_CLOSE, venue.on_good_till, live)


def on_good_till(venue: Venue, live: LiveOrder) -> None:
    """End a GTD order at its time."""
    order = live.order
    if not live.is_final and order.good_till is not None and nanoseconds(order.good_till) <= venue.now:
        venue.expire(live, "its time was up")
        scheduling.schedule(venue, live.listing)
    if venue.to_review:
        margin_calls.review_due(venue, None, SESSION_CLOSE)


def on_contract_end(venue: Venue, listing: Listing) -> None:
    """End every order of a contract that stops trading, and settle open lots in cash."""
    listing.expired = True
    standing = [*listing.all_orders(), *contingencies.pending_children(venue, listing)]
    if listing.legs:  # one that fills leg by leg is in its legs' books
        standing += [one for one in venue.orders.values() if one.listing is listing and one.place != IN_FLIGHT]
    for live in standing:
        if not live.is_final:
            venue.expire(live, "the contract expired")
    price = listing.terms.settlement_price
    settled = listing.last_price(venue.now) if price is None else price_units(price)
    for holding in listing.holdings.values():
        lots = holding.lots
        if lots and settled is not None:
            before = holding.realised
            holding.book(-lots, settled, 0)
            profit = holding.realised - before
            venue.journal.append(Settlement(POSITION, venue.now, holding, -lots, settled, profit))
            margin_calls.stop_watching(holding)
            margin_calls.review(venue, holding.account, listing, calls=False)
    listing.watched = False
    scheduling.schedule(venue, listing)


def watch_end(venue: Venue, listing: Listing) -> None:
    """Put the contract's end on the agenda, even if it is due at this instant."""
    if listing.expires is not None:
        listing.expired = listing.expires <= venue.now
        if not venue.agenda.is_over(listing.expires, CONTRACT_END):
            venue.agenda.put(listing.expires, CONTRACT_END, venue.on_contract_end, listing)
