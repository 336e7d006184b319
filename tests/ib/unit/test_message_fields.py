"""Reading a message's fields: as the library's own way does, whatever a field holds."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any

import pytest

from brokerkit.plugins.ib.message_fields import parse

CLASSES = ("Order", "OrderState", "Contract", "ComboLeg", "Execution", "CommissionReport", "ContractDetails")
TEXTS = ("", "0", "1", "7", "2.5", "1.7976931348623157E308", "2147483647", "a word", None)


def _filled(kind: type[Any], text: str | None) -> Any:
    """Return an object as the library has it before it reads the types: with a text in each field that takes it."""
    made = kind()
    for field in dataclasses.fields(kind):
        if text is not None and _takes(type(field.default), text):
            setattr(made, field.name, text)
    return made


def _takes(kind: type[Any], text: str) -> bool:
    if not text or kind is str:
        return True
    try:
        return kind in (int, float, bool) and (int if kind is bool else kind)(text) is not None
    except ValueError:
        return False


@pytest.mark.parametrize("name", CLASSES)
def test_it_reads_what_the_library_reads(library: Any, name: str) -> None:
    decoder = importlib.import_module(f"{library.__name__}.decoder").Decoder(None, 176)
    for text in TEXTS:
        theirs, ours = (_filled(getattr(library, name), text) for _ in range(2))
        decoder.parse(theirs)
        parse(ours)
        for field in dataclasses.fields(theirs):
            read, expected = getattr(ours, field.name), getattr(theirs, field.name)
            assert (type(read), repr(read)) == (type(expected), repr(expected)), (field.name, text)
