"""Implement or decline: which hooks a broker answers, and why it does not answer the others."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from brokerkit.errors import InvalidPlugin, MissingHook, closest_match
from brokerkit.registry.answers import Answers
from brokerkit.spec.capability import Capability, Support
from brokerkit.spec.domains import CONTRACT, DOMAINS
from brokerkit.spec.facade import source_of
from brokerkit.spec.hooks import HookFacts, Unsupported


def capabilities_of(
    objects: Sequence[tuple[type, Answers]], others: Unsupported | None, contract: str, origin: str
) -> dict[str, Capability]:
    """Return what a broker can do, by hook, in the order of the contract.

    Args:
        objects: The classes of the plugin's domain objects, with what each answers.
        others: What the plugin says of the domains that no object speaks for.
        contract: The contract version that the plugin was written for.
        origin: The distribution that the plugin comes from, as errors name it.

    Raises:
        InvalidPlugin: Two objects speak for one hook.
        MissingHook: Hooks are neither implemented nor declined; all of them are named.
    """
    return dict(_found_out(tuple(objects), others, contract, origin))


@functools.lru_cache(maxsize=64)  # classes made at run time must not fill the memory
def _found_out(
    objects: tuple[tuple[type, Answers], ...], others: Unsupported | None, contract: str, origin: str
) -> dict[str, Capability]:
    _check_unique([answers for _, answers in objects], origin)
    told = {hook: _capability(answers, hook) for _, answers in objects for hook in answers.mentioned}
    silent_domains = _silent_domains(objects)
    missing = []
    for name, facts in CONTRACT.items():
        if name in told:
            continue
        if others is not None and facts.domain in silent_domains:
            told[name] = _declined(others)
        elif version(facts.since) > version(contract):
            told[name] = _declined_by_age(facts, contract)
        else:
            missing.append(facts)
    if missing:
        raise _missing(missing, [answers for _, answers in objects], origin)
    return {name: told[name] for name in CONTRACT}


def version(text: str) -> tuple[int, ...]:
    """Return a contract version as numbers that can be compared.

    Example:
        >>> version("0.10") > version("0.9")
        True
    """
    return tuple(int(part) for part in text.split("."))


def _check_unique(everybody: Sequence[Answers], origin: str) -> None:
    spoken_for: dict[str, Answers] = {}
    for answers in everybody:
        for hook in sorted(answers.mentioned & spoken_for.keys()):
            raise InvalidPlugin(
                f"Two objects of the plugin implement or decline {hook}, and only one would be called.",
                place=f"{_place(spoken_for[hook], hook)}; {_place(answers, hook)}; {origin}",
                remedy="Keep one of the two.",
            )
        spoken_for |= dict.fromkeys(answers.mentioned & CONTRACT.keys(), answers)  # events may be heard by several


def _place(answers: Answers, hook: str) -> str:
    return source_of(answers.implemented[hook]) if hook in answers.implemented else repr(answers.declined[hook])


def _silent_domains(objects: Sequence[tuple[type, Answers]]) -> set[str]:
    """Return the domains that no object inherits from, and of which no object mentions a hook."""
    silent = set(DOMAINS)
    for kind, answers in objects:
        silent -= {CONTRACT[hook].domain for hook in answers.mentioned if hook in CONTRACT}
        silent -= {name for name, domain in DOMAINS.items() if domain in kind.__mro__}
    return silent


def _capability(answers: Answers, hook: str) -> Capability:
    return Capability(Support.SUPPORTED) if hook in answers.implemented else _declined(answers.declined[hook])


def _declined(declaration: Unsupported) -> Capability:
    return Capability(Support.PLANNED if declaration.planned else Support.UNSUPPORTED, declaration.reason)


def _declined_by_age(facts: HookFacts, contract: str) -> Capability:
    return Capability(
        Support.UNSUPPORTED,
        f"it was added to the contract in {facts.since}, and the plugin was written for {contract}",
    )


def _missing(missing: Sequence[HookFacts], everybody: Sequence[Answers], origin: str) -> MissingHook:
    listed = ", ".join(f"{facts.domain}.{facts.name}" for facts in missing)
    return MissingHook(
        f"{len(missing)} hook(s) are neither implemented nor declined: {listed}.",
        place=origin,
        remedy=_hint([facts.name for facts in missing], [name for answers in everybody for name in answers.unmarked])
        + "Write a method marked @hookimpl, or `NAME = unsupported(reason)`, for each; "
        "Session(others=unsupported(reason)) declines domains that no object implements.",
    )


def _hint(missing: Iterable[str], unmarked: Sequence[str]) -> str:
    """Return which unmarked method looks like a missing hook, as a sentence; empty when none does."""
    for hook in missing:
        lookalike = closest_match(hook, unmarked)
        if lookalike:
            return f"Is the unmarked method {lookalike!r} meant to be {hook!r}? "
    return ""
