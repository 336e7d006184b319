"""A class is checked once for all of its objects, and again as soon as it is another one."""

from __future__ import annotations

from typing import Any

import pytest

from brokerkit import Fx, hookimpl, unsupported
from brokerkit.errors import UnknownHook, UnmarkedHook
from brokerkit.registry.strict_manager import StrictPluginManager
from brokerkit.spec.domains import CONTRACT


class Pairs(Fx):
    """A domain object."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes

    @hookimpl
    def get_list_of_fxcodes(self) -> list[str]:
        return list(self.codes)

    get_fx_prices = unsupported("none")
    get_fx_balances = unsupported("none")
    put_fx_order_on_stack = unsupported("none")


def registered(plugin: object) -> Any:
    manager = StrictPluginManager()
    manager.register_domains([plugin], unsupported("nothing else"), "0.1", "acme 0.1")
    return manager.hook


def test_each_object_of_a_checked_class_answers_for_itself() -> None:
    hooks = [registered(Pairs(code)) for code in ("GBPUSD", "EURUSD")]
    assert [hook.get_list_of_fxcodes() for hook in hooks] == [["GBPUSD"], ["EURUSD"]]


def test_pluggy_knows_of_a_later_object_what_it_found_out_of_the_first() -> None:
    managers = [StrictPluginManager() for _ in range(2)]
    objects = [Pairs("GBPUSD"), Pairs("EURUSD")]
    for manager, pairs in zip(managers, objects, strict=True):
        manager.register_domains([pairs], unsupported("nothing else"), "0.1", "acme 0.1")
        assert manager.get_plugins() == {pairs}
    first, second = ({name: _known_of(manager, name) for name in CONTRACT} for manager in managers)
    assert first == second
    implementation = managers[1].hook.get_list_of_fxcodes.get_hookimpls()[0]
    assert implementation.plugin is objects[1]
    managers[1].unregister(objects[1])
    assert managers[1].hook.get_list_of_fxcodes.get_hookimpls() == []
    assert managers[0].hook.get_list_of_fxcodes() == ["GBPUSD"]


def test_an_answer_to_a_hook_of_a_newer_contract_is_let_be_at_each_opening() -> None:
    class Newer(Pairs):
        @hookimpl(optionalhook=True)
        def get_list_of_crypto(self, place: str) -> list[str]:
            return [place]

    for hooks in (registered(Newer("GBPUSD")), registered(Newer("GBPUSD"))):
        assert hooks.get_list_of_fxcodes() == ["GBPUSD"]
        assert hooks.get_list_of_crypto(place="moon") == [["moon"]]


def _known_of(manager: StrictPluginManager, name: str) -> object:
    caller = getattr(manager.hook, name)
    spec = caller.spec
    found = [(each.argnames, each.kwargnames, each.opts, each.wrapper) for each in caller.get_hookimpls()]
    return spec.function, spec.argnames, spec.kwargnames, spec.opts, found


def test_a_class_that_was_changed_since_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(Pairs())
    monkeypatch.setattr(Pairs, "get_list_of_fxcodes", lambda self: [])
    with pytest.raises(UnmarkedHook, match=r"Pairs\.get_list_of_fxcodes"):
        registered(Pairs())
    monkeypatch.undo()
    monkeypatch.setattr(Pairs, "get_list_of_fxcodess", hookimpl(lambda self: []), raising=False)
    with pytest.raises(UnknownHook, match="Did you mean 'get_list_of_fxcodes'"):
        registered(Pairs())
    monkeypatch.undo()
    assert registered(Pairs("GBPUSD")).get_list_of_fxcodes() == ["GBPUSD"]


def test_an_object_with_attributes_of_its_own_is_checked_itself() -> None:
    registered(Pairs())
    odd = Pairs()
    odd.get_list_of_fxcodes = list  # type: ignore[method-assign]  # because that is the mistake
    with pytest.raises(UnmarkedHook):
        registered(odd)
