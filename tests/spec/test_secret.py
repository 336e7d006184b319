"""Secrets: usable where they are needed, unreadable everywhere else."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import attrs
import pytest

from brokerkit import Secret
from brokerkit.errors import SecretUnavailable
from brokerkit.spec.secret import MaskedText, masker


@attrs.frozen
class Settings:
    """Settings that hold both kinds."""

    password: Secret
    account: str


SETTINGS = Settings(Secret("hunter2"), MaskedText("U7654321"))


def test_neither_repr_nor_format_nor_log_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r %s", SETTINGS, SETTINGS.password, SETTINGS.password)
    shown = caplog.text + repr(SETTINGS) + str(SETTINGS) + f"{SETTINGS.password:>10} {[SETTINGS.account]}"
    assert "hunter2" not in shown
    assert "U7654321" not in shown
    with pytest.raises(TypeError):
        json.dumps(SETTINGS.password)


def test_what_needs_it_gets_it() -> None:
    assert SETTINGS.password.reveal() == "hunter2"
    assert f"account={SETTINGS.account}" == "account=U7654321"
    assert SETTINGS.account == "U7654321"


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_a_copy_in_this_process_keeps_it_and_a_pickle_does_not() -> None:
    assert copy.deepcopy(SETTINGS).password.reveal() == copy.copy(SETTINGS.password).reveal() == "hunter2"
    pickled = pickle.dumps(SETTINGS)
    assert b"hunter2" not in pickled
    assert b"U7654321" not in pickled
    travelled = pickle.loads(pickled)
    assert travelled.account == "***"
    with pytest.raises(SecretUnavailable, match="pickles do not contain secrets"):
        travelled.password.reveal()
    assert travelled.password != SETTINGS.password


def test_the_longest_secret_is_masked_first_and_very_short_ones_are_left() -> None:
    mask = masker(["abc", "abcdef", "x"])
    assert mask("abcdef abc x") == "*** *** x"
    assert masker([])("abc") == "abc"
