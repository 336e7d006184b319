"""What a plugin's author can get wrong: each mistake has its own message, with file, line and closest match."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit import errors, open_broker
from brokerkit.registry import catalog

Install = Callable[..., Path]

HEAD = """
import functools
import attrs
from brokerkit import BrokerPlugin, Fx, FuturesContract, Money, Session, hookimpl, unsupported

def plugin_of(*objects, others=unsupported("nothing else"), **more):
    return BrokerPlugin(open=lambda settings, services: Session(domains=objects, others=others), **more)

class Whole(Fx):
    @hookimpl
    def get_list_of_fxcodes(self):
        return []
    @hookimpl
    def get_fx_balances(self, account=""):
        return []
    @hookimpl
    def get_fx_prices(self, fx_code):
        return [fx_code]
    put_fx_order_on_stack = unsupported("no FX desk")
"""

MISTAKES = {
    "misspelt hook": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def get_fx_price(self, fx_code): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.UnknownHook,
        "AcmeFx.get_fx_price is marked @hookimpl, but no hook has the name 'get_fx_price'.",
        "Did you mean 'get_fx_prices'?",
    ),
    "misspelt decline": (
        """
        class AcmeFx(Whole):
            put_fx_order_on_stak = unsupported("no")
        plugin = plugin_of(AcmeFx())
        """,
        errors.UnknownHook,
        "AcmeFx.put_fx_order_on_stak is declined with unsupported(), but no hook has the name",
        "Did you mean 'put_fx_order_on_stack'?",
    ),
    "misspelt event": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def on_fil(self, fill): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.UnknownHook,
        "no hook has the name 'on_fil'",
        "Did you mean 'on_fill'?",
    ),
    "forgotten marker": (
        """
        class AcmeFx(Whole):
            def get_fx_prices(self, fx_code): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.UnmarkedHook,
        "AcmeFx.get_fx_prices has the name of a hook but is not marked, so it would never be called.",
        "Write @hookimpl above it",
    ),
    "a property for a method": (
        """
        class AcmeFx(Whole):
            @property
            def get_list_of_fxcodes(self): return []
        plugin = plugin_of(AcmeFx())
        """,
        errors.UnmarkedHook,
        "AcmeFx.get_list_of_fxcodes has the name of a hook but is of type property.",
        "Make it a method",
    ),
    "wrong argument": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def get_fx_prices(self, fxcode): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "AcmeFx.get_fx_prices takes an argument 'fxcode' that its hook does not have.",
        "Did you mean 'fx_code'? The hook is get_fx_prices(fx_code).",
    ),
    "misspelt argument with a default": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def get_fx_balances(self, accnt=""): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "takes an argument 'accnt' that its hook does not have.",
        "Did you mean 'account'?",
    ),
    "missing argument": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def get_fx_balances(self): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "AcmeFx.get_fx_balances lacks the argument 'account', so what a caller gives for it would be dropped.",
        "The hook is get_fx_balances(account).",
    ),
    "keyword-only argument": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def get_fx_balances(self, *, account=""): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "which a hook cannot pass.",
        "Hooks pass plain arguments by name",
    ),
    "arbitrary keywords": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def get_fx_balances(self, **anything): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "takes '**anything', which a hook cannot pass.",
        "",
    ),
    "async hook": (
        """
        class AcmeFx(Whole):
            @hookimpl
            async def get_fx_balances(self, account=""): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "AcmeFx.get_fx_balances is async; a hook returns its result.",
        "",
    ),
    "generator for a result": (
        """
        class AcmeFx(Whole):
            @hookimpl
            def get_fx_balances(self, account=""):  # HERE
                yield Money("USD", 1)
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "yields, so it returns a generator and no result",
        "",
    ),
    "wrapped event": (
        """
        class AcmeFx(Whole):
            @hookimpl(wrapper=True)
            def on_fill(self, fill):  # HERE
                return (yield)
        plugin = plugin_of(AcmeFx())
        """,
        errors.HookSignatureError,
        "AcmeFx.on_fill wraps an event.",
        "Events are received, not wrapped",
    ),
    "neither implemented nor declined": (
        """
        class AcmeFx(Fx):
            @hookimpl
            def get_list_of_fxcodes(self): return []
            def get_fx_price(self, fx_code): ...
        plugin = plugin_of(AcmeFx())
        """,
        errors.MissingHook,
        "3 hook(s) are neither implemented nor declined: fx.get_fx_prices, fx.get_fx_balances, "
        "fx.put_fx_order_on_stack.",
        "Is the unmarked method 'get_fx_price' meant to be 'get_fx_prices'?",
    ),
    "no object for a domain": (
        """
        plugin = plugin_of(Whole(), others=None)
        """,
        errors.MissingHook,
        "positions.get_all_current_positions_as_list_with_contract_objects",
        "Session(others=unsupported(reason))",
    ),
    "unhashable object": (
        """
        @attrs.define
        class AcmeFx(Whole):
            rate: float = 1.0
        plugin = plugin_of(AcmeFx())
        """,
        errors.InvalidPlugin,
        "AcmeFx cannot be registered: its objects are not hashable.",
        "@attrs.define(eq=False)",
    ),
    "class for an object": (
        "plugin = plugin_of(Whole)",
        errors.InvalidPlugin,
        "Whole is a class.",
        "Pass an instance: Whole(...).",
    ),
    "one object twice": (
        """
        once = Whole()
        plugin = plugin_of(once, once)
        """,
        errors.InvalidPlugin,
        "Two objects of the plugin implement or decline get_fx_balances",
        "",
    ),
    "one listener twice": (
        """
        class Listener:
            @hookimpl
            def on_fill(self, fill): ...
        once = Listener()
        plugin = plugin_of(Whole(), once, once)
        """,
        errors.InvalidPlugin,
        "Listener: an object was passed twice, or is equal to another one.",
        "@attrs.define(eq=False)",
    ),
    "a domain's object without a word": (
        """
        class AcmeFx(Fx):
            pass
        plugin = plugin_of(AcmeFx())
        """,
        errors.MissingHook,
        "4 hook(s) are neither implemented nor declined: fx.get_list_of_fxcodes",
        "Write a method marked @hookimpl",
    ),
    "one hook twice": (
        """
        class AcmeFx(Whole):
            @hookimpl(specname="get_fx_prices")
            def rates(self, fx_code): ...  # HERE
        plugin = plugin_of(AcmeFx())
        """,
        errors.InvalidPlugin,
        "AcmeFx implements get_fx_prices twice.",
        "Keep one",
    ),
    "not a plugin": (
        "plugin = Whole()",
        errors.InvalidPlugin,
        "The entry point 'acme' names something of type Whole, not a BrokerPlugin.",
        "BrokerPlugin(open=..., settings=...)",
    ),
    "settings that are no attrs class": (
        "plugin = plugin_of(Whole(), settings=dict)",
        errors.InvalidPlugin,
        "The settings of plugin 'acme' are not an attrs class",
        "@attrs.frozen",
    ),
    "a contract version that is none": (
        "plugin = plugin_of(Whole(), contract='new')",
        errors.InvalidPlugin,
        "Plugin 'acme' says that it was written for contract 'new'.",
        "contract='0.1'",
    ),
    "settings with a reserved name": (
        """
        @attrs.frozen
        class Settings:
            middleware: str = ""
        plugin = plugin_of(Whole(), settings=Settings)
        """,
        errors.InvalidPlugin,
        "declare middleware, which every broker has",
        "another name",
    ),
    "no session": (
        "plugin = BrokerPlugin(open=lambda settings, services: [Whole()])",
        errors.InvalidPlugin,
        "Plugin 'acme' opened and returned something of type list.",
        "returns a Session",
    ),
    "untyped error while opening": (
        "plugin = BrokerPlugin(open=lambda settings, services: {}['rates'])  # HERE",
        errors.PluginError,
        "Plugin 'acme' failed to open broker 'acme': KeyError: 'rates'",
        "a fault of the plugin",
    ),
    "missing module": (
        "import acme_sdk  # HERE",
        errors.PluginImportError,
        "failed to import: No module named 'acme_sdk'.",
        "Others are unaffected; see 'brokerkit doctor'.",
    ),
    "error while importing": (
        "rate = 1 / 0  # HERE",
        errors.PluginImportError,
        "failed to import: ZeroDivisionError: division by zero.",
        "",
    ),
    "no such attribute": (
        "",
        errors.PluginImportError,
        "has no attribute 'plugin'",
        "",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_distribution_file_and_line(install: Install, mistake: str) -> None:
    body, kind, fact, remedy = MISTAKES[mistake]
    source = HEAD + "\n".join(line.removeprefix("        ") for line in body.splitlines())
    module = install(source)
    with pytest.raises(kind) as raised:
        open_broker("acme")
    message = str(raised.value)
    assert type(raised.value) is kind
    assert fact in message
    assert remedy in message
    assert "brokerkit-acme 0.3, brokerkit_acme:plugin" in message
    if "# HERE" in body:
        lines = module.read_text().splitlines()
        place = next(number for number, line in enumerate(lines, 1) if "# HERE" in line)
        decorated = lines[place - 2].strip().startswith("@")
        assert f"{module}:{place - decorated}" in message


def test_several_objects_of_a_plugin_may_hear_one_event(install: Install) -> None:
    body = """
class Listener:
    @hookimpl
    def on_fill(self, fill): ...
plugin = plugin_of(Whole(), Listener(), Listener())
"""
    install(HEAD + body)
    with open_broker("acme") as broker:
        assert broker.fx.get_list_of_fxcodes() == []


def test_a_broken_plugin_does_not_hurt_another_nor_the_lists(install: Install) -> None:
    install("import acme_sdk", name="broken")
    install(HEAD + "plugin = plugin_of(Whole())")
    with open_broker("acme") as broker:
        assert broker.fx.get_list_of_fxcodes() == []
    entries = {entry.name: entry for entry in catalog.plugins()}
    assert entries["acme"].problem is None
    assert isinstance(entries["broken"].problem, errors.PluginImportError)
    assert entries["broken"].first_cause == "ModuleNotFoundError: No module named 'acme_sdk'"
    assert entries["broken"].installed.distribution == "brokerkit-broken"


def test_a_package_that_an_extra_brings_is_named_with_the_command_that_installs_it(install: Install) -> None:
    install("import acme_sdk.rates", requires=("attrs", "acme-sdk>=2; extra == 'live'"))
    with pytest.raises(errors.MissingDependency) as raised:
        open_broker("acme")
    assert "Broker 'acme' uses plugin 'acme', which needs acme_sdk" in str(raised.value)
    assert "pip install 'brokerkit-acme[live]'" in str(raised.value)


def test_a_package_that_is_missing_only_when_the_broker_is_opened_is_named_as_well(install: Install) -> None:
    install(
        """
        from brokerkit import BrokerPlugin
        def open_acme(settings, services):
            import acme_sdk
        plugin = BrokerPlugin(open=open_acme)
        """,
        requires=("acme-sdk>=2; extra == 'live'",),
    )
    with pytest.raises(errors.MissingDependency, match=r"pip install 'brokerkit-acme\[live\]'"):
        open_broker("acme")


def test_a_session_is_closed_again_when_the_plugin_turns_out_to_be_wrong(install: Install) -> None:
    module = install(
        """
        from pathlib import Path
        from brokerkit import BrokerPlugin, Session
        def close():
            Path(__file__).with_suffix(".closed").touch()
        plugin = BrokerPlugin(open=lambda settings, services: Session(domains=(), close=close))
        """
    )
    with pytest.raises(errors.MissingHook):
        open_broker("acme")
    assert module.with_suffix(".closed").exists()


def test_a_hook_under_a_second_name_is_no_mistake(install: Install) -> None:
    install(
        HEAD
        + """
class AcmeFx(Whole):
    @hookimpl
    def get_fx_prices(self, fx_code):
        return [fx_code]
    broker_get_fx_prices = get_fx_prices
plugin = plugin_of(AcmeFx())
"""
    )
    with open_broker("acme") as broker:
        assert broker.fx.get_fx_prices("GBPUSD") == ["GBPUSD"]


def test_a_wrapper_that_loses_the_result_is_named(install: Install) -> None:
    install(
        HEAD
        + """
class Loser:
    @hookimpl(wrapper=True)
    def get_fx_balances(self):
        yield
plugin = plugin_of(Whole(), Loser())
"""
    )
    with open_broker("acme") as broker, pytest.raises(errors.HookReturnedNone, match="get_fx_balances") as raised:
        broker.fx.get_fx_balances()
    assert "Loser.get_fx_balances" in raised.value.place


def test_a_plugin_written_before_a_hook_existed_declines_it(install: Install) -> None:
    install(HEAD + "class Old(Fx): ...\nplugin = plugin_of(Old(), others=None, contract='0.0')")
    with open_broker("acme") as broker:
        assert not broker.supports("get_fx_prices")
        with pytest.raises(errors.NotSupported, match=r"to the contract in 0\.1, and the plugin was written for 0\.0"):
            broker.fx.get_fx_prices("GBPUSD")


def test_a_hook_that_returns_nothing_is_an_error(install: Install) -> None:
    install(
        HEAD
        + """
class AcmeFx(Whole):
    @hookimpl
    def get_fx_prices(self, fx_code):
        pass
plugin = plugin_of(AcmeFx())
"""
    )
    with open_broker("acme") as broker, pytest.raises(errors.HookReturnedNone, match=r"AcmeFx\.get_fx_prices, "):
        broker.fx.get_fx_prices("GBPUSD")
