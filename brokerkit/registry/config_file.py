"""The configuration file: where it is looked for, what it may hold, and on which line a key stands."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import platformdirs

from brokerkit.errors import ConfigFileError, ConfigSyntaxError, InvalidSetting, UnknownSetting

FILE_NAME = "brokerkit.toml"
CONFIG_VARIABLE = "BROKERKIT_CONFIG"
_TABLES = ("brokers", "store")
_BACKSLASHES = r"Write a path with backslashes in single quotes, as in 'C:\trading'"


@attrs.frozen
class Config:
    """What the configuration says. Without a file it says nothing.

    Attributes:
        path: The file; None when there is none.
        brokers: The section of each broker, by name.
        store: The table `[store]`.
    """

    path: Path | None = None
    brokers: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    store: dict[str, Any] = attrs.field(factory=dict)
    _lines: dict[tuple[str, ...], int] = attrs.field(factory=dict, repr=False, alias="lines")

    @property
    def folder(self) -> Path | None:
        """The folder that relative paths in the file start from."""
        return self.path.parent if self.path else None

    def place(self, *keys: str) -> str:
        """Return file and line of a key, such as `place("brokers", "paper", "port")`, or of what encloses it."""
        if self.path is None:
            return ""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self._lines:
                return f"{self.path}:{self._lines[keys[:length]]}"
        return str(self.path)


def places() -> tuple[Path, ...]:
    """Return where a configuration file is looked for, in order; the first that exists is the one that counts.

    When `$BROKERKIT_CONFIG` is set, nowhere else is looked.
    """
    chosen = os.environ.get(CONFIG_VARIABLE)
    if chosen:
        return (_expanded(Path(chosen)),)
    return (Path(FILE_NAME), platformdirs.user_config_path("brokerkit") / FILE_NAME)


def read_config() -> Config:
    """Return the configuration: that of the first file there is, or an empty one.

    Raises:
        ConfigFileError: The file cannot be read, or `$BROKERKIT_CONFIG` names none.
        ConfigSyntaxError: It is not TOML; line and column are named.
        UnknownSetting: It has a table that brokerkit does not know.
        InvalidSetting: Something that should be a table is none.
    """
    for path in places():
        if _is_there(path):
            return read_config_file(path.absolute())
    if os.environ.get(CONFIG_VARIABLE):
        raise ConfigFileError(
            f"${CONFIG_VARIABLE} names a file that does not exist.",
            place=os.environ[CONFIG_VARIABLE],
            remedy="Correct the variable or unset it; 'brokerkit init' writes a starter file.",
        )
    return Config()


def read_config_file(path: Path) -> Config:
    """Return what one file says. Errors are those of `read_config`."""
    import tomli  # here, because without a file there is nothing to parse

    from brokerkit.registry.key_lines import key_lines

    text = _read(path)
    try:
        tables = tomli.loads(text, parse_float=Decimal)  # so that 0.1 stays one tenth
    except tomli.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        is_path = line is not None and "\\" in text.split("\n")[int(line[1]) - 1]
        raise ConfigSyntaxError(
            f"The configuration file is not TOML: {error}.",
            place=f"{path}:{line[1]}" if line else str(path),
            remedy=f"{_BACKSLASHES if is_path else 'Correct that line'}; nothing was opened.",
        ) from error
    config = Config(path, lines=key_lines(text))
    _check_tables(config, (), tables)
    for name in _TABLES:
        _check_table(config, (name,), tables.get(name, {}))
    for name, section in tables.get("brokers", {}).items():
        _check_table(config, ("brokers", name), section)
    return attrs.evolve(config, brokers=tables.get("brokers", {}), store=tables.get("store", {}))


def _expanded(path: Path) -> Path:
    """Return a path with the user's home for `~`; as it is, when that user has none."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _is_there(path: Path) -> bool:
    try:
        path.lstat()  # a link that leads nowhere is there, and cannot be read
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # reading it will tell why it cannot be looked at
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise ConfigSyntaxError(
            f"The configuration file is not TOML: byte {error.start} is not UTF-8.",
            place=str(path),
            remedy="Save it as UTF-8.",
        ) from error
    except OSError as error:
        raise ConfigFileError(
            f"The configuration file cannot be read: {error.strerror}.",
            place=str(path),
            remedy="Give this user permission to read it, or name another file in $BROKERKIT_CONFIG.",
        ) from error


def _check_tables(config: Config, parents: tuple[str, ...], tables: dict[str, Any]) -> None:
    for name in tables:
        if name not in _TABLES:
            raise UnknownSetting(
                f"The configuration has no table {name!r}.",
                place=config.place(*parents, name),
                given=name,
                candidates=_TABLES,
                remedy="A broker's section is [brokers.NAME].",
            )


def _check_table(config: Config, keys: tuple[str, ...], value: object) -> None:
    if not isinstance(value, dict):
        raise InvalidSetting(
            f"{'.'.join(keys)} is {value!r}; it should be a table.",
            place=config.place(*keys),
            remedy=f"Write [{'.'.join(keys)}] on a line of its own.",
        )
