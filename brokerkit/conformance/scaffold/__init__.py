"""Writes a package for a new broker plugin: installable, typed, tested, every hook declined as planned."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from string import Template

from brokerkit.conformance.testbeds import TESTBEDS
from brokerkit.errors import InvalidArgument
from brokerkit.registry.entry_points import BROKERS, installed
from brokerkit.spec.domains import DOMAINS
from brokerkit.spec.hooks import hooks_of

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "ci.yml": ".github/workflows/ci.yml",
    "plugin.py": "src/$module/__init__.py",
    "settings.py": "src/$module/settings.py",
    "domain.py": "src/$module/$domain.py",
    "py.typed": "src/$module/py.typed",
    "conftest.py": "tests/conftest.py",
    "test_conformance.py": "tests/test_conformance.py",
}


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write the package for a plugin of that name, and return the files.

    Args:
        name: The name that strategies will open the broker by.
        folder: Where to write it; it must be new or empty.

    Raises:
        InvalidArgument: The name cannot be a Python module's or is taken, or the folder has files in it.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise InvalidArgument(
            f"{name!r} cannot name a plugin.", remedy="Use lower-case letters, digits and underscores, such as acme."
        )
    _check_not_taken(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidArgument(f"{folder} is not empty.", remedy="Give another folder with --folder.")
    written = []
    for place, text in _contents(name):
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        written.append(file)
    return written


def _check_not_taken(name: str) -> None:
    """Refuse a name under which something is installed: one of the two would hide the other."""
    for group, kind in ((BROKERS, "plugin"), (TESTBEDS, "testbed")):
        taken = installed(group).get(name)
        if taken is not None:
            raise InvalidArgument(
                f"A {kind} named {name!r} is installed.",
                place=str(taken),
                remedy="Choose another name; 'brokerkit brokers' lists those that are taken.",
            )


def _contents(name: str) -> Iterator[tuple[str, str]]:
    """Return each file's place and text."""
    words = {"name": name, "module": f"brokerkit_{name}", "prefix": _class_prefix(name)}
    prefix, module = words["prefix"], words["module"]
    imports = (f"from {module}.{domain} import {prefix}{DOMAINS[domain].__name__}" for domain in sorted(DOMAINS))
    words["imports"] = "\n".join(imports)
    words["domains"] = "\n".join(
        f"            {words['prefix']}{protocol.__name__}()," for protocol in DOMAINS.values()
    )
    for template, place in _FILES.items():
        for more in _domain_words() if "$domain" in place else ({},):
            yield Template(place).substitute(words | more), _text_of(template).substitute(words | more)


def _domain_words() -> Iterator[dict[str, str]]:
    for domain, protocol in DOMAINS.items():
        declined = "\n".join(
            f'    {hook} = unsupported("not written yet", planned=True)' for hook in hooks_of(protocol)
        )
        yield {"domain": domain, "protocol": protocol.__name__, "hooks": declined}


def _text_of(template: str) -> Template:
    return Template(files(__name__).joinpath("template").joinpath(f"{template}.txt").read_text("utf-8"))


def _class_prefix(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
