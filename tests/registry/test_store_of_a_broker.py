"""The store that a plugin is handed: where it is, when it is opened, and when it is closed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit import FuturesContract, Order, errors, open_broker

Install = Callable[..., Path]

PLUGIN = """
from brokerkit import BrokerPlugin, Session, unsupported

def open_acme(settings, services):
    return Session((), unsupported("nothing"), native=services)

plugin = BrokerPlugin(open=open_acme)
"""


@pytest.fixture(autouse=True)
def _acme(install: Install) -> None:
    install(PLUGIN)


def test_no_file_is_made_until_the_plugin_asks_for_the_store() -> None:
    with open_broker("acme") as broker:
        assert list(Path.home().rglob("*.db")) == []
        store = broker.native.store()
        assert broker.native.store() is store
        assert [path.name for path in Path.home().rglob("*.db")] == ["brokerkit.db"]


def test_the_store_is_closed_with_the_broker_and_not_given_out_again() -> None:
    with open_broker("acme") as broker:
        services = broker.native
        lease = services.store().client_ids.lease("127.0.0.1:4002")
    with pytest.raises(errors.BrokerClosed, match="store of broker 'acme' was closed"):
        services.store()
    with open_broker("acme") as again:  # the id was given back
        assert again.native.store().client_ids.lease("127.0.0.1:4002").client_id == lease.client_id


def test_its_place_comes_from_the_broker_then_from_the_file_then_from_the_user(tmp_path: Path) -> None:
    sections = "[brokers.one]\nplugin = 'acme'\n[brokers.two]\nplugin = 'acme'\nstore_path = 'own.db'\n"
    Path("brokerkit.toml").write_text(f"[store]\npath = 'shared.db'\n{sections}")
    with open_broker("one") as one, open_broker("two") as two:
        one.native.store()
        two.native.store()
    assert {path.name for path in Path.cwd().glob("*.db")} == {"shared.db", "own.db"}
    with open_broker("one", store_path=tmp_path / "keyword.db") as one:
        one.native.store()
    assert (tmp_path / "keyword.db").exists()


def test_its_place_does_not_move_when_the_program_goes_to_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").mkdir()
    with open_broker("acme", store_path=Path("own.db")) as broker:
        monkeypatch.chdir("elsewhere")
        broker.native.store()
        assert broker.native.state_folder.is_absolute()
    assert (Path.cwd().parent / "own.db").exists()


def test_two_brokers_in_one_store_have_journals_of_their_own() -> None:
    Path("brokerkit.toml").write_text("[brokers.one]\nplugin = 'acme'\n[brokers.two]\nplugin = 'acme'\n")
    order = Order.market(FuturesContract("GOLD", "202312"), 1)
    with open_broker("one") as one, open_broker("two") as two:
        one.native.store().journal.intend(order)
        assert [each.order_ref for each in one.native.store().journal.orders()] == [order.order_ref]
        assert two.native.store().journal.orders() == ()


def test_each_broker_has_a_state_folder_of_its_own() -> None:
    Path("brokerkit.toml").write_text("[brokers.one]\nplugin = 'acme'\n[brokers.two]\nplugin = 'acme'\n")
    with open_broker("one") as one, open_broker("two") as two:
        assert one.native.state_folder != two.native.state_folder
        assert one.native.state_folder.is_relative_to(Path.home())


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b"])
def test_a_name_that_would_leave_the_state_folder_is_refused(name: str) -> None:
    with pytest.raises(errors.InvalidSetting, match="cannot be a broker's name"):
        open_broker(name, plugin="acme")
