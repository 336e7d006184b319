"""A pluggy manager for one opened broker that refuses whatever pluggy would pass over in silence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import pluggy

from brokerkit.errors import CallRefused, HookSignatureError, InvalidPlugin, NotSupported
from brokerkit.registry.answers import hook_name_of
from brokerkit.registry.capabilities import capabilities_of
from brokerkit.registry.verified import Verified, verified
from brokerkit.spec.capability import Capability
from brokerkit.spec.domains import CONTRACT, DOMAINS
from brokerkit.spec.events import Events
from brokerkit.spec.facade import HookCaller, source_of
from brokerkit.spec.hooks import PROJECT, HookFacts, Unsupported, hooks_of

EVENTS: dict[str, HookFacts] = hooks_of(Events)
"""Every event hook, by name."""

_EVERYTHING: Mapping[str, HookFacts] = {**CONTRACT, **EVENTS}


class StrictPluginManager(pluggy.PluginManager):
    """The plugin manager of one opened broker: the contract, who answers it, who wraps it, who listens.

    Attributes:
        capabilities: What the broker can do, by hook; filled by `register_domains`.
    """

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self._registering: Mapping[str, Any] | None = None
        for domain in (*DOMAINS.values(), Events):
            self.add_hookspecs(domain)
        self.capabilities: dict[str, Capability] = {}

    def register_domains(
        self, objects: Iterable[object], others: Unsupported | None, contract: str, origin: str
    ) -> None:
        """Register a plugin's domain objects, all of them or none.

        Args:
            objects: What the plugin's `Session.domains` holds.
            others: What it says of the domains that no object speaks for.
            contract: The contract version that it was written for.
            origin: The distribution that it comes from, as errors name it.

        Raises:
            PluginError: The plugin breaks the contract.
        """
        found = [(plugin, self._verified(plugin, origin)) for plugin in objects]
        answers = [(type(plugin), each.answers) for plugin, each in found]
        self.capabilities = capabilities_of(answers, others, contract, origin)
        for plugin, each in found:
            self._register_once(plugin, origin, each)

    def register_listener(self, plugin: object, origin: str) -> None:
        """Register an object for the events that it hears; it must answer no hook.

        Raises:
            PluginError: It is marked for something that is no event, or for a hook.
        """
        found = self._verified(plugin, origin)
        answers = found.answers
        for name in (*answers.implemented, *answers.wrapped):
            if name not in EVENTS:
                raise InvalidPlugin(
                    f"{type(plugin).__name__} marks {name} with @hookimpl, which is not an event.",
                    place=origin,
                    remedy="A middleware wraps hooks with around(), and receives events with @hookimpl.",
                )
        self._register_once(plugin, origin, found)

    def callers(self, broker: str) -> dict[str, HookCaller]:
        """Return what to call for each hook: pluggy, or what raises `NotSupported` for a declined one.

        Args:
            broker: The broker as errors name it, such as `'paper' (ib)`.
        """
        return {
            name: getattr(self.hook, name) if capability else _declining(broker, name, capability)
            for name, capability in self.capabilities.items()
        }

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """Return pluggy's options of a hook's declaration; ours are plain functions, so there is nothing to resolve."""
        return getattr(getattr(module_or_class, name, None), f"{PROJECT}_spec", None)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """Return pluggy's options of a plugin's method, or None: a hook's second name is no hook."""
        if self._registering is not None:
            return self._registering.get(name)
        options = super().parse_hookimpl_opts(plugin, name)
        if options is not None and not hook_name_of(inspect.getattr_static(plugin, name), name, _EVERYTHING):
            return None
        return options

    def _verified(self, plugin: object, origin: str) -> Verified:
        found = verified(plugin, _EVERYTHING, origin, self.parse_hookimpl_opts)
        for name in found.answers.wrapped:
            if name in EVENTS:
                method = found.answers_of(plugin).wrapped[name]
                raise HookSignatureError(
                    f"{method.__qualname__} wraps an event.",
                    place=f"{source_of(method)}; {origin}",
                    remedy="Events are received, not wrapped: write @hookimpl without wrapper=True.",
                )
        return found

    def _register_once(self, plugin: object, origin: str, found: Verified) -> None:
        if self.is_registered(plugin):
            raise InvalidPlugin(
                f"{type(plugin).__name__}: an object was passed twice, or is equal to another one.",
                place=origin,
                remedy="Pass each object once; objects are compared by identity: @attrs.define(eq=False).",
            )
        self._registering = found.markers
        try:
            self.register(plugin)
        finally:
            self._registering = None


def refusing_callers(error: Callable[[], CallRefused]) -> dict[str, HookCaller]:
    """Return callers that raise what `error` makes, for every hook of the contract."""

    def refuse(**arguments: object) -> NoReturn:
        raise error()

    return dict.fromkeys(CONTRACT, refuse)


def _declining(broker: str, name: str, capability: Capability) -> Callable[..., NoReturn]:
    fact = f"Broker {broker} does not support {name}: {capability.reason.rstrip('.')}."

    def decline(**arguments: object) -> NoReturn:
        raise NotSupported(fact)

    return decline
