"""A gateway's error and notice codes, and the texts sent with them."""

from __future__ import annotations

from enum import IntEnum

NO_REQUEST = -1


class Code(IntEnum):
    """A code of message 4, which carries errors, warnings and notices."""

    MESSAGE_RATE = 100
    TICKER_LIMIT = 101
    DUPLICATE_TICKER = 102
    DUPLICATE_ORDER_ID = 103
    FILLED_ORDER = 104
    MODIFY_MISMATCH = 105
    OFF_TICK = 110
    UNKNOWN_ORDER = 135
    NOT_CANCELLABLE = 161
    HISTORY = 162
    NO_CONTRACT = 200
    REJECTED = 201
    CANCELLED = 202
    UNKNOWN_TICKER = 300
    DEPTH_LIMIT = 309
    DEPTH_RESET = 317
    ERROR_READING = 320
    ERROR_VALIDATING = 321
    ERROR_PROCESSING = 322
    CLIENT_ID_IN_USE = 326
    UNSUPPORTED_TYPE = 387
    NOT_SUBSCRIBED = 354
    NO_HISTORY_QUERY = 366
    ORDER_MESSAGE = 399
    REAL_TIME_BARS = 420
    NO_FUNDAMENTALS = 430
    SIZE_ZERO = 434
    ACCOUNT_REQUIRED = 435
    CONTRACT_CONFLICT = 478
    CONNECTIVITY_LOST = 1100
    CONNECTIVITY_RESTORED_LOST = 1101
    CONNECTIVITY_RESTORED = 1102
    ACCOUNT_UNSUBSCRIBED = 2100
    MARKET_FARM_BROKEN = 2103
    MARKET_FARM_OK = 2104
    HISTORY_FARM_BROKEN = 2105
    HISTORY_FARM_OK = 2106
    DEFINITION_FARM_OK = 2158
    DELAYED_NOT_SUBSCRIBED = 10090
    CANCEL_UNKNOWN = 10147
    CANCEL_REFUSED = 10148
    DELAYED_SHOWN = 10167
    NO_ARTICLE = 10172
    NO_TICKS = 10189
    TICK_LIMIT = 10190
    COMPETING_SESSION = 10197
    NEWS_FEED_REFUSED = 10276
    BAD_TIME = 10314
    GROUP_REVISION = 10326
    TIF_SET = 10349


FARM_NOTICES = (
    (Code.MARKET_FARM_OK, "Market data farm connection is OK:usfarm"),
    (Code.HISTORY_FARM_OK, "HMDS data farm connection is OK:ushmds"),
    (Code.DEFINITION_FARM_OK, "Sec-def data farm connection is OK:secdefil"),
)

NO_DEFINITION = "No security definition has been found for the request"
CONTRACT_CONFLICT = (
    "Parameters in request conflicts with contract parameters received by contract id: requested expiry {asked}, "
    "in contract {listed};"
)
AMBIGUOUS = "The contract description specified for {symbol} is ambiguous."
READ_ONLY = "Error validating request.-'bF' : cause - The API interface is currently in Read-Only mode."
MAX_RATE = "Max rate of messages per second has been exceeded:max={limit} rec={count} ({strike})"
PACING = "Historical Market Data Service error message:Historical data request pacing violation"
BAR_LINE_PACING = "Invalid Real-time Query:Historical data request pacing violation"
TOO_MANY_QUERIES = (
    "Error processing request.-'bS' : cause - Only {limit} simultaneous API historical data requests allowed."
)
NO_DATA = "Historical Market Data Service error message:HMDS query returned no data: {what}"
NO_SUCH_DATA = "Historical Market Data Service error message:No historical market data for {what}"
INVALID_STEP = "Historical Market Data Service error message:invalid step: {seconds}"
QUERY_CANCELLED = "Historical Market Data Service error message:API historical data query cancelled: {req_id}"
BAD_END_TIME = (
    "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xx/xxxx "
    "where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00 US/Eastern"
)
NOT_SUBSCRIBED = "Requested market data is not subscribed.Delayed market data is {available}.{what}/TOP/ALL"
DELAYED_SHOWN = "Requested market data is not subscribed. Displaying delayed market data."
IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."
COMPETING = "No market data during competing live session"
LINK_LOST = "Connectivity between IBKR and Trader Workstation has been lost."
LINK_RESTORED = "Connectivity between IBKR and Trader Workstation has been restored - data "
OFF_TICK = "The price does not conform to the minimum price variation for this contract."
GROUP_REVISION = "OCA group revision is not allowed."
MISMATCH = "Order being modified does not match original order"
