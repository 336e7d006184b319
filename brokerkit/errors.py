"""Every error brokerkit raises: one tree, in which each error has a code, and a message of fact, place and remedy.

Catch `BrokerkitError` for all of them, or the branch that you can act on::

    BrokerkitError
    ├── ConfigError                 BK100  the set-up is wrong; nothing was opened
    │   ├── UnknownBroker           BK101  no section and no plugin has that name
    │   ├── UnknownPlugin           BK102  a section names a plugin that is not installed
    │   ├── MissingDependency       BK103  the plugin needs a package that is not installed
    │   ├── PluginImportError       BK104  the plugin's own code failed to import
    │   ├── ConfigSyntaxError       BK105  the file is not TOML
    │   ├── UnknownSetting          BK106  a key that the plugin does not declare
    │   ├── InvalidSetting          BK107  a value of the wrong type, or out of range
    │   ├── SecretUnavailable       BK108  an environment variable, file or command gave no secret
    │   ├── UnknownMiddleware       BK109  no installed middleware has that name
    │   └── ConfigFileError         BK110  a configuration file cannot be read
    ├── PluginError                 BK200  the plugin breaks the contract; its author must act
    │   ├── UnknownHook             BK201  @hookimpl on a name that is not a hook
    │   ├── UnmarkedHook            BK202  a hook overridden without @hookimpl
    │   ├── HookSignatureError      BK203  arguments that the hook does not have
    │   ├── MissingHook             BK204  a hook neither implemented nor declined
    │   ├── InvalidPlugin           BK205  the entry point does not name a plugin
    │   └── HookReturnedNone        BK206  a hook, or a wrapper around it, lost the result
    ├── CallRefused                 BK300  refused before the plugin was called; nothing was sent
    │   ├── NotSupported            BK301  the broker declines this hook
    │   ├── ReadOnlyBroker          BK302  a write on a broker opened read-only
    │   ├── RiskLimitExceeded       BK303  the risk middleware refused the order
    │   ├── BrokerClosed            BK304  the broker was closed before the call
    │   ├── InvalidArgument         BK305  an argument out of range or malformed (also a ValueError)
    │   └── WrongArgumentType       BK306  an argument of a type that the call does not accept (also a TypeError)
    ├── NotFound                    BK400  what was asked for does not exist
    │   ├── MissingData             BK401  no prices, quotes or rates
    │   ├── MissingContract         BK402  no such contract
    │   ├── AmbiguousContract       BK403  several contracts match; `candidates` lists them
    │   ├── MissingInstrument       BK404  no such instrument
    │   ├── AmbiguousInstrument     BK405  several rows describe the instrument
    │   ├── MissingOrder            BK406  no such order
    │   ├── MissingAccount          BK407  no such account
    │   ├── MissingFxCode           BK408  no such currency pair
    │   └── StaleData               BK409  the newest value is too old to be used
    ├── DataFileError               BK450  a data file is damaged: file and row are named
    ├── OrderError                  BK500  the order was not placed or not changed
    │   ├── InvalidOrder            BK501  the order contradicts itself or its contract
    │   │   ├── OffTickPrice        BK502  a price between two ticks; both are named
    │   │   └── InvalidQuantity     BK503  zero, fractional, or not one quantity per leg
    │   ├── ContractExpired         BK504  the contract no longer trades
    │   ├── MarketClosed            BK505  outside trading hours
    │   ├── OrderRejected           BK506  the broker refused it; the broker's reason is kept
    │   │   └── InsufficientMargin  BK507  the account cannot carry the position
    │   ├── OrderCannotBeModified   BK508  filled, cancelled or otherwise beyond change
    │   ├── OrderCannotBeCancelled  BK509  already final
    │   └── DuplicateOrder          BK510  an order with this order_ref was placed before
    ├── OutcomeUnknown              BK550  sent, and it is not yet known whether it arrived
    ├── ConnectionProblem           BK600  a problem with the connection to the broker
    │   ├── CannotConnect           BK601  nothing, or something else, answers at the address
    │   ├── ConnectionLost          BK602  the connection was lost; nothing is sent while it is down
    │   ├── RequestTimedOut         BK603  no answer in time
    │   ├── PacingViolation         BK604  too many requests
    │   ├── ClientIdInUse           BK605  another session holds the client id
    │   ├── AuthenticationFailed    BK606  credentials refused
    │   ├── DataPermissionDenied    BK607  no subscription for this market data
    │   ├── CompetingSession        BK608  another login took over the session
    │   └── ProtocolError           BK609  data that does not follow the expected protocol
    └── StoreError                  BK700  a problem with the local SQLite store
        ├── StoreLocked             BK701  locked for too long
        ├── StoreCorrupt            BK702  not an intact SQLite database
        ├── StoreTooNew             BK703  written by a newer brokerkit
        ├── StoreUnwritable         BK704  no permission, or no space
        └── NoFreeClientId          BK705  every client id in the range is held
"""

from __future__ import annotations

from brokerkit._base_error import BrokerkitError as BrokerkitError
from brokerkit._base_error import closest_match as closest_match


class ConfigWarning(UserWarning):
    """Something in the set-up has no effect, although it looks as if it was meant to."""


class ConfigError(BrokerkitError):
    """The set-up is wrong; nothing was opened."""

    code = "BK100"


class UnknownBroker(ConfigError):
    """No section and no plugin has that name."""

    code = "BK101"


class UnknownPlugin(ConfigError):
    """A section names a plugin that is not installed."""

    code = "BK102"


class MissingDependency(ConfigError):
    """The plugin needs a package that is not installed."""

    code = "BK103"


class PluginImportError(ConfigError):
    """The code of a plugin or middleware failed to import."""

    code = "BK104"


class ConfigSyntaxError(ConfigError):
    """The file is not TOML."""

    code = "BK105"


class UnknownSetting(ConfigError):
    """A key that the plugin does not declare."""

    code = "BK106"


class InvalidSetting(ConfigError):
    """A value of the wrong type, or out of range."""

    code = "BK107"


class SecretUnavailable(ConfigError):
    """An environment variable, file or command gave no secret."""

    code = "BK108"


class UnknownMiddleware(ConfigError):
    """No installed middleware has that name."""

    code = "BK109"


class ConfigFileError(ConfigError):
    """A configuration file cannot be read."""

    code = "BK110"


class PluginError(BrokerkitError):
    """The plugin breaks the contract; its author must act."""

    code = "BK200"


class UnknownHook(PluginError):
    """@hookimpl on a name that is not a hook."""

    code = "BK201"


class UnmarkedHook(PluginError):
    """A hook overridden without @hookimpl."""

    code = "BK202"


class HookSignatureError(PluginError):
    """Arguments that the hook does not have."""

    code = "BK203"


class MissingHook(PluginError):
    """A hook neither implemented nor declined."""

    code = "BK204"


class InvalidPlugin(PluginError):
    """The entry point does not name a plugin."""

    code = "BK205"


class HookReturnedNone(PluginError):
    """A hook, or a wrapper around it, lost the result."""

    code = "BK206"


class CallRefused(BrokerkitError):
    """Refused before the plugin was called; nothing was sent."""

    code = "BK300"


class NotSupported(CallRefused):
    """The broker declines this hook."""

    code = "BK301"


class ReadOnlyBroker(CallRefused):
    """A write on a broker opened read-only."""

    code = "BK302"


class RiskLimitExceeded(CallRefused):
    """The risk middleware refused the order."""

    code = "BK303"


class BrokerClosed(CallRefused):
    """The broker was closed before the call, or belongs to a parent process."""

    code = "BK304"


class InvalidArgument(CallRefused, ValueError):
    """An argument out of range or malformed."""

    code = "BK305"


class WrongArgumentType(CallRefused, TypeError):
    """An argument of a type that the call does not accept."""

    code = "BK306"


class NotFound(BrokerkitError):
    """What was asked for does not exist."""

    code = "BK400"


class MissingData(NotFound):
    """No prices, quotes or rates."""

    code = "BK401"


class MissingContract(NotFound):
    """No such contract."""

    code = "BK402"


class AmbiguousContract(NotFound):
    """Several contracts match; `candidates` lists them."""

    code = "BK403"


class MissingInstrument(NotFound):
    """No such instrument."""

    code = "BK404"


class AmbiguousInstrument(NotFound):
    """Several rows describe the instrument."""

    code = "BK405"


class MissingOrder(NotFound):
    """No such order."""

    code = "BK406"


class MissingAccount(NotFound):
    """No such account."""

    code = "BK407"


class MissingFxCode(NotFound):
    """No such currency pair."""

    code = "BK408"


class StaleData(NotFound):
    """The newest value is too old to be used."""

    code = "BK409"
    temporary = True


class DataFileError(BrokerkitError):
    """A data file is damaged: file and row are named."""

    code = "BK450"


class OrderError(BrokerkitError):
    """The order was not placed or not changed."""

    code = "BK500"


class InvalidOrder(OrderError):
    """The order contradicts itself or its contract."""

    code = "BK501"


class OffTickPrice(InvalidOrder):
    """A price between two ticks; both are named."""

    code = "BK502"


class InvalidQuantity(InvalidOrder):
    """Zero, fractional, or not one quantity per leg."""

    code = "BK503"


class ContractExpired(OrderError):
    """The contract no longer trades."""

    code = "BK504"


class MarketClosed(OrderError):
    """Outside trading hours."""

    code = "BK505"
    temporary = True


class OrderRejected(OrderError):
    """The broker refused it; the broker's reason is kept."""

    code = "BK506"


class InsufficientMargin(OrderRejected):
    """The account cannot carry the position."""

    code = "BK507"


class OrderCannotBeModified(OrderError):
    """Filled, cancelled or otherwise beyond change."""

    code = "BK508"


class OrderCannotBeCancelled(OrderError):
    """Already final."""

    code = "BK509"


class DuplicateOrder(OrderError):
    """An order with this order_ref was placed before."""

    code = "BK510"


class OutcomeUnknown(BrokerkitError):
    """Sent, and it is not yet known whether it arrived."""

    code = "BK550"


class ConnectionProblem(BrokerkitError):
    """A problem with the connection to the broker."""

    code = "BK600"
    temporary = True


class CannotConnect(ConnectionProblem):
    """Nothing, or something else, answers at the address."""

    code = "BK601"


class ConnectionLost(ConnectionProblem):
    """The connection was lost; nothing is sent while it is down."""

    code = "BK602"


class RequestTimedOut(ConnectionProblem):
    """No answer in time."""

    code = "BK603"


class PacingViolation(ConnectionProblem):
    """Too many requests: the broker says so, or a call would have waited for too long."""

    code = "BK604"


class ClientIdInUse(ConnectionProblem):
    """Another session holds the client id."""

    code = "BK605"


class AuthenticationFailed(ConnectionProblem):
    """Credentials refused."""

    code = "BK606"
    temporary = False


class DataPermissionDenied(ConnectionProblem):
    """No subscription for this market data."""

    code = "BK607"
    temporary = False


class CompetingSession(ConnectionProblem):
    """Another login took over the session."""

    code = "BK608"


class ProtocolError(ConnectionProblem):
    """Data that does not follow the expected protocol."""

    code = "BK609"


class StoreError(BrokerkitError):
    """A problem with the local SQLite store."""

    code = "BK700"


class StoreLocked(StoreError):
    """Locked for too long, or a simulation's state file that is already open."""

    code = "BK701"
    temporary = True


class StoreCorrupt(StoreError):
    """Not an intact SQLite database."""

    code = "BK702"


class StoreTooNew(StoreError):
    """Written by a newer brokerkit."""

    code = "BK703"


class StoreUnwritable(StoreError):
    """No permission, no space, or the file is gone."""

    code = "BK704"


class NoFreeClientId(StoreError):
    """Every client id in the range is held."""

    code = "BK705"
