"""An opened broker: its domains, what it can do, events, and the end of it."""

from __future__ import annotations

import copy
import os
import pickle
import pydoc
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import brokerkit
from brokerkit import Broker, ConnectionState, Domains, Events, FuturesContract, Support, errors, open_broker
from brokerkit.spec.domains import CONTRACT, DOMAINS
from brokerkit.spec.hooks import hooks_of

Install = Callable[..., Path]


@pytest.fixture
def acme(install: Install) -> Any:
    install()
    with open_broker("acme") as broker:
        yield broker


def test_a_plugin_is_found_by_name_and_answers_with_positional_named_and_default_arguments(acme: Any) -> None:
    assert acme.fx.get_list_of_fxcodes() == ["EURUSD", "GBPUSD"]
    assert acme.fx.get_fx_prices("GBPUSD") == ["GBPUSD", 1.25]
    assert acme.fx.get_fx_prices(fx_code="EURUSD") == ["EURUSD", 1.25]
    assert acme.fx.get_fx_balances() == [brokerkit.Money("USD", 5)]


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((), {}, r"get_fx_prices\(fx_code\) missing required argument: 'fx_code'"),
        (("GBPUSD", "EURUSD"), {}, r"get_fx_prices\(fx_code\) takes 1 argument but 2 were given"),
        (("GBPUSD",), {"fx_code": "GBPUSD"}, r"get_fx_prices\(fx_code\) got multiple values for argument 'fx_code'"),
        ((), {"fxcode": "GBPUSD"}, r"get_fx_prices\(fx_code\) got an unexpected keyword argument 'fxcode'"),
    ],
)
def test_wrong_arguments_are_refused_as_by_a_plain_function(
    acme: Any, arguments: tuple[Any, ...], named: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        acme.fx.get_fx_prices(*arguments, **named)


def test_a_declined_hook_says_who_declines_it_and_why(acme: Any) -> None:
    with pytest.raises(errors.NotSupported) as refusal:
        acme.fx.put_fx_order_on_stack(None)
    assert str(refusal.value) == (
        "Broker 'acme' (acme) does not support put_fx_order_on_stack: Acme has no FX desk. [BK301]"
    )
    with pytest.raises(errors.NotSupported, match="Acme only quotes currencies"):
        acme.prices.get_instruments_with_price_data()


def test_capabilities_tell_every_hook_in_one_table(acme: Any) -> None:
    table = acme.capabilities()
    assert list(table) == list(CONTRACT)
    assert table["get_fx_prices"].support is Support.SUPPORTED
    assert (table["put_fx_order_on_stack"].support, table["put_fx_order_on_stack"].reason) == (
        Support.UNSUPPORTED,
        "Acme has no FX desk",
    )
    assert acme.supports("get_fx_prices")
    assert not acme.supports("put_order_on_stack")
    with pytest.raises(errors.InvalidArgument, match="Did you mean 'get_fx_prices'"):
        acme.supports("get_fx_price")


def test_after_close_every_call_and_subscription_is_refused_and_closing_twice_does_nothing(install: Install) -> None:
    install()
    broker = open_broker("acme")
    codes = broker.fx.get_list_of_fxcodes  # a method taken before the close is closed with it
    broker.close()
    broker.close()
    assert broker.state is ConnectionState.CLOSED
    for call in (codes, broker.orders.cancel_all_orders, lambda: broker.subscribe(on_fill=print)):
        with pytest.raises(errors.BrokerClosed, match="'acme'"):
            call()


def test_the_plugin_is_closed_once_even_when_many_threads_close(install: Install) -> None:
    install(
        """
        from brokerkit import BrokerPlugin, Session, unsupported
        closed = []
        plugin = BrokerPlugin(
            open=lambda settings, services: Session(
                domains=(), others=unsupported("nothing"), native=closed, close=lambda: closed.append(1)
            )
        )
        """
    )
    broker = open_broker("acme")
    threads = [threading.Thread(target=broker.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broker.native == [1]


def test_every_call_and_its_outcome_are_logged_when_the_environment_asks_for_it(
    install: Install, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install()
    monkeypatch.setenv("BROKERKIT_TRACE", "1")
    with open_broker("acme") as broker, caplog.at_level("INFO", logger="brokerkit.trace"):
        broker.fx.get_fx_prices("GBPUSD")
    assert [record.getMessage() for record in caplog.records] == [
        "acme: get_fx_prices(fx_code='GBPUSD')",
        "acme: get_fx_prices returned ['GBPUSD', 1.25]",
    ]


def test_a_table_is_traced_as_its_size(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("BROKERKIT_TRACE", "1")
    with open_broker("sim") as broker, caplog.at_level("INFO", logger="brokerkit.trace"):
        rates = broker.fx.get_fx_prices("GBPUSD")
        broker.prices.get_prices_for_contract_objects([FuturesContract("GOLD", "202304")])
    messages = [record.getMessage() for record in caplog.records]
    assert messages[1] == f"sim: get_fx_prices returned a Series of {len(rates)} rows"
    assert not any("\n" in message for message in messages)


def test_a_program_that_has_not_set_up_logging_sees_the_trace_on_standard_error() -> None:
    program = "from brokerkit import open_broker\nwith open_broker('sim') as broker: broker.fx.get_list_of_fxcodes()"
    traced = {**os.environ, "BROKERKIT_TRACE": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=traced, capture_output=True, text=True, check=True)
    assert "sim: get_list_of_fxcodes()\nsim: get_list_of_fxcodes returned [" in done.stderr


def test_two_brokers_of_one_plugin_share_nothing(install: Install) -> None:
    install()
    first, second = open_broker("acme"), open_broker("acme")
    first.close()
    assert second.fx.get_list_of_fxcodes() == ["EURUSD", "GBPUSD"]
    second.close()


def test_broker_offers_exactly_the_domains_of_the_contract() -> None:
    fields = {field.name: field.type for field in attrs.fields(Broker)}
    assert {name: fields[name] for name in DOMAINS} == {name: kind.__name__ for name, kind in DOMAINS.items()}
    assert {name for name in vars(Domains) if not name.startswith("_")} == set(DOMAINS)


def test_hook_names_are_unique_across_domains_and_none_returns_nothing() -> None:
    names = [name for domain in DOMAINS.values() for name in hooks_of(domain)]
    assert len(names) == len(set(names))
    for domain in DOMAINS.values():
        for name in hooks_of(domain):
            assert getattr(domain, name).__annotations__["return"] != "None", name


def test_a_domain_is_shown_and_explained_as_the_contracts_own(acme: Any) -> None:
    shown = pydoc.render_doc(acme.fx, renderer=pydoc.plaintext)
    assert repr(acme.fx).startswith("<brokerkit.spec.fx.Fx object")
    assert "module brokerkit.spec.fx" in shown
    assert "Exchange rates, balances by currency" in shown
    assert "Return the daily closing rates" in shown


def test_subscribe_takes_every_event_of_the_contract() -> None:
    listeners = [name for name in Broker.subscribe.__annotations__ if name != "return"]
    assert listeners == list(hooks_of(Events))


def test_public_names_are_loaded_when_they_are_first_used() -> None:
    for name in brokerkit.__all__:
        assert getattr(brokerkit, name) is not None
    assert dir(brokerkit) == sorted(brokerkit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Oder'") as raised:
        brokerkit.Oder  # noqa: B018 because the access itself is what raises
    assert (raised.value.name, raised.value.obj) == ("Oder", brokerkit)  # by which Python suggests `Order`


def test_an_account_that_calls_itself_simulated_is_guarded_unless_its_plugin_is_a_simulation(install: Install) -> None:
    install(
        """
        from brokerkit import AccountKind, BrokerPlugin, Session, unsupported

        def open_acme(settings, services):
            return Session((), unsupported("none"), account_kind=AccountKind.SIMULATED)

        plugin = BrokerPlugin(open=open_acme)
        """
    )
    with open_broker("acme") as broker:
        assert broker.read_only


@pytest.mark.parametrize("send", [pickle.dumps, copy.deepcopy, copy.copy])
def test_a_broker_is_not_sent_to_another_process(acme: Any, send: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match=r"Open it there with open_broker\('acme'\)"):
        send(acme)
