"""Configuration: where a value comes from, and every way to get it wrong."""

from __future__ import annotations

import pickle
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Origin, errors, open_broker

Install = Callable[..., Path]

PLUGIN = """
import enum
from decimal import Decimal
from pathlib import Path

import attrs

from brokerkit import BrokerPlugin, Secret, Session, unsupported


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@attrs.frozen
class Settings:
    port: int = attrs.field(default=4001, validator=attrs.validators.in_(range(1, 65536)))
    host: str = "127.0.0.1"
    account: str = ""
    password: Secret | None = None
    mode: Mode = Mode.FAST
    fee: Decimal = Decimal(0)
    folder: Path | None = None
    markets: tuple[str, ...] = ()


plugin = BrokerPlugin(
    open=lambda settings, services: Session(domains=(), others=unsupported("none"), native=settings),
    settings=Settings,
)
"""


@pytest.fixture
def write(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that writes the configuration file, with the plugin `acme` installed."""
    install(PLUGIN)

    def write_config(text: str) -> Path:
        path = tmp_path / "brokerkit.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("BROKERKIT_CONFIG", str(path))
        return path

    return write_config


def opened(name: str = "paper", **overrides: Any) -> Any:
    """Return the settings object and the origins of a broker."""
    with open_broker(name, **overrides) as broker:
        return broker.native, broker.settings


def test_each_value_comes_from_the_strongest_source_and_says_which(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write('[brokers.paper]\nplugin = "acme"\nport = 1\nhost = "file"\naccount = "file"\n')
    monkeypatch.setenv("BROKERKIT_PAPER_PORT", "2")
    monkeypatch.setenv("BROKERKIT_PAPER_HOST", "environment")
    settings, origins = opened(port=3)
    assert (settings.port, settings.host, settings.account, settings.fee) == (3, "environment", "file", 0)
    assert [origins[key].origin for key in ("port", "host", "account", "fee")] == [
        Origin.KEYWORD,
        Origin.ENVIRONMENT,
        Origin.FILE,
        Origin.DEFAULT,
    ]
    assert origins["host"].place == "$BROKERKIT_PAPER_HOST"
    assert origins["account"].place == f"{path}:5"
    assert repr(origins["plugin"]) == f"plugin = 'acme' (file, {path}:2)"


def test_values_are_made_into_what_the_settings_declare(write: Callable[[str], Path], tmp_path: Path) -> None:
    text = '[brokers.paper]\nplugin = "acme"\nmode = "slow"\nfee = 12667096606.590747\nfolder = "data"\n'
    write(f'{text}markets = ["A", "B"]\n')
    settings, _ = opened()
    assert settings.mode.name == "SLOW"
    assert str(settings.fee) == "12667096606.590747"  # exact, as it is written
    assert settings.folder == tmp_path / "data"  # relative to the file, wherever the strategy runs
    assert settings.markets == ("A", "B")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("[brokers.paper\n", errors.ConfigSyntaxError, r"is not TOML: .*line 1, column 15.*toml:1\)"),
        ("[broker.paper]\n", errors.UnknownSetting, r"no table 'broker'\. \(.*:1\) Did you mean 'brokers'"),
        ("brokers = 3\n", errors.InvalidSetting, r"brokers is 3; it should be a table"),
        ("[brokers]\npaper = 3\n", errors.InvalidSetting, r"brokers.paper is 3; it should be a table.*:2"),
        ("[store]\npth = 'x'\n[brokers.paper]\nplugin = 'acme'", errors.UnknownSetting, r"Did you mean 'path'"),
        ("[brokers.paper]\nplugin = 'acne'\n", errors.UnknownPlugin, r"toml:2\) Did you mean 'acme'"),
        ("[brokers.paper]\nplugin = 'acme'\nprot = 1\n", errors.UnknownSetting, r"toml:3\) Did you mean 'port'"),
        ("[brokers.paper]\nplugin = 'acme'\nport = '1'\n", errors.InvalidSetting, r"port is '1'; .*a whole number.*:3"),
        ("[brokers.paper]\nplugin = 'acme'\nport = true\n", errors.InvalidSetting, r"port is True; .*a whole number"),
        ("[brokers.paper]\nplugin = 'acme'\nport = 99999\n", errors.InvalidSetting, r"'port' must be in range.*:3\)"),
        ("[brokers.paper]\nplugin = 'acme'\naccount = {evn = 'A'}\n", errors.InvalidSetting, r"a secret is \{ env = "),
        ("[brokers.paper]\nplugin = 'acme'\nhost = 1\n", errors.InvalidSetting, r"host is 1; it should be text"),
        ("[brokers.paper]\nplugin = 'acme'\nmode = 'x'\n", errors.InvalidSetting, r"one of 'fast', 'slow'"),
        (
            "[brokers.paper]\nplugin = 'acme'\nfolder = '~no-such-user/x'\n",
            errors.InvalidSetting,
            r"folder is '~no.*a path",
        ),
        (
            '[store]\npath = "C:\\Users\\me"\n',
            errors.ConfigSyntaxError,
            r"toml:2\) Write a path .* 'C:\\trading'; nothing",
        ),
        (
            '[store]\npath = "C:\\trading"\n[brokers.paper]\nplugin = "acme"',
            errors.InvalidSetting,
            r"path is 'C:\\trading'; .*:2\) .* write a path in 'sin",
        ),
        ("[brokers.paper]\nplugin = 'acme'\nmarkets = 'A'\n", errors.InvalidSetting, r"a list of texts"),
        ("[brokers.paper]\nplugin = 'acme'\nread_only = 1\n", errors.InvalidSetting, r"true or false"),
        ("[brokers.paper]\nplugin = 'acme'\nmiddleware = ['adit']\n", errors.UnknownMiddleware, r"'audit'"),
        ("[brokers.live]\nplugin = 'acme'\n", errors.UnknownBroker, r"No broker named 'paper' in .*Configured: live\."),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(
    write: Callable[[str], Path], text: str, error: type[errors.BrokerkitError], message: str
) -> None:
    write(text)
    with pytest.raises(error, match=message):
        open_broker("paper")


def test_without_a_file_an_unknown_name_lists_what_is_installed(install: Install) -> None:
    install(PLUGIN)
    with pytest.raises(
        errors.UnknownBroker, match=r"No broker named 'acne', and no brokerkit\.toml in .* Did you mean 'acme'"
    ):
        open_broker("acne")


def test_a_missing_file_named_by_the_variable_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BROKERKIT_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(errors.ConfigFileError, match=r"BROKERKIT_CONFIG names a file that does not exist"):
        open_broker("sim")


@pytest.mark.parametrize(
    ("path", "message"),
    [("/tmp", "cannot be read: Is a directory"), ("n" * 5000, "cannot be read: File name too long")],
)
def test_a_file_that_cannot_be_read_is_an_error_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    monkeypatch.setenv("BROKERKIT_CONFIG", path)
    with pytest.raises(errors.ConfigFileError, match=message):
        open_broker("sim")


def test_a_file_with_a_byte_order_mark_is_read(install: Install) -> None:
    install(PLUGIN)
    Path("brokerkit.toml").write_bytes(b"\xef\xbb\xbf[brokers.paper]\nplugin = 'acme'\nport = 7\n")
    assert opened()[0].port == 7


def test_the_working_folder_comes_before_the_users_folder(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(PLUGIN)
    users = Path.home() / ".config" / "brokerkit"
    users.mkdir(parents=True)
    (users / "brokerkit.toml").write_text("[brokers.paper]\nplugin = 'acme'\nport = 7\n")
    assert opened()[0].port == 7
    Path("brokerkit.toml").write_text("[brokers.paper]\nplugin = 'acme'\nport = 8\n")
    assert opened()[0].port == 8


def test_secrets_are_found_by_reference_and_shown_nowhere(
    write: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password.txt").write_text("hunter2\n")
    write(
        "[brokers.paper]\nplugin = 'acme'\naccount = {env = 'ACME_ACCOUNT'}\npassword = {file = 'password.txt'}\n"
        f"port = {{command = ['{sys.executable}', '-c', 'print(4242)']}}\n"
    )
    monkeypatch.setenv("ACME_ACCOUNT", "U7654321")
    settings, origins = opened()
    assert (settings.account, settings.password.reveal(), settings.port) == ("U7654321", "hunter2", 4242)
    shown = f"{settings!r} {origins!r} {settings.password}"
    assert "U7654321" not in shown
    assert "hunter2" not in shown
    assert b"hunter2" not in pickle.dumps([settings.password, settings.account])
    with pytest.raises(errors.SecretUnavailable, match="pickles do not contain secrets"):
        pickle.loads(pickle.dumps(settings.password)).reveal()


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("{env = 'ACME_NOWHERE'}", "environment variable 'ACME_NOWHERE' is not set"),
        ("{file = 'nowhere.txt'}", r"nowhere.txt cannot be read: No such file"),
        ("{command = 'false'}", r"command 'false' ended with exit code 1"),
        ("{command = 'acme-no-such-program --token abc'}", r"'acme-no-such-program' cannot be run"),
        ("{command = 'true'}", r"command 'true' printed nothing"),
        ("{command = ''}", r"command is empty"),
        ("{command = 'echo \"abc'}", r"cannot be split into words: No closing quotation"),
        (r"{command = ['printf', '\377']}", r"command 'printf' printed something that is not text"),
        ('{command = ["a\\u0000c"]}', r"cannot be run: embedded null byte"),
        ("{file = '/dev/null'}", r"/dev/null is empty"),
        ("{file = '~nobody-of-that-name/abc'}", r"abc cannot be read: Could not determine home directory"),
        ('{file = "a\\u0000c"}', r"cannot be read: embedded null byte"),
    ],
)
def test_a_secret_that_is_not_there_names_where_it_was_looked_for(
    write: Callable[[str], Path], reference: str, message: str
) -> None:
    write(f"[brokers.paper]\nplugin = 'acme'\npassword = {reference}\n")
    with pytest.raises(errors.SecretUnavailable, match=message) as failure:
        open_broker("paper")
    assert failure.value.place.endswith("brokerkit.toml:3")
    assert "--token" not in str(failure.value)


def test_a_wrong_secret_is_not_shown_by_the_error(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("[brokers.paper]\nplugin = 'acme'\nport = {env = 'ACME_PORT'}\n")
    monkeypatch.setenv("ACME_PORT", "hunter2")
    with pytest.raises(errors.InvalidSetting, match=r"port is \*\*\*; it should be a whole number"):
        open_broker("paper")
    monkeypatch.setenv("ACME_PORT", "98765432")  # a whole number, and refused by the settings themselves
    with pytest.raises(errors.InvalidSetting, match=r"'port' must be in .*got \*\*\*") as failure:
        open_broker("paper")
    assert "98765432" not in "".join(traceback.format_exception(failure.value))


def test_a_value_that_the_settings_refuse_is_placed_where_it_was_given(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("[brokers.paper]\nplugin = 'acme'\n")
    with pytest.raises(errors.InvalidSetting, match=r"'port' must be in .*\(keyword argument\)"):
        open_broker("paper", port=0)
    monkeypatch.setenv("BROKERKIT_PAPER_PORT", "0")
    with pytest.raises(errors.InvalidSetting, match=r"'port' must be in .*\(\$BROKERKIT_PAPER_PORT\)"):
        open_broker("paper")


def test_a_wrong_value_in_a_table_is_told_what_the_setting_is_and_nothing_of_secrets(
    write: Callable[[str], Path],
) -> None:
    write('[brokers.practice]\nplugin = "sim"\ncash = {USD = "abc"}\n')
    with pytest.raises(errors.InvalidSetting, match="it should be a table of numbers") as refused:
        open_broker("practice")
    assert refused.value.remedy.startswith("cash: ")
    write('[brokers.practice]\nplugin = "sim"\nseed = {evn = "SEED"}\n')
    with pytest.raises(errors.InvalidSetting, match="A reference to a secret is"):
        open_broker("practice")


def test_an_unmatched_variable_is_warned_of_with_the_closest_one(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("[brokers.paper]\nplugin = 'acme'\n[brokers.paper_live]\nplugin = 'acme'\n")
    monkeypatch.setenv("BROKERKIT_PAPER_PROT", "1")
    with pytest.warns(errors.ConfigWarning, match=r"Did you mean \$BROKERKIT_PAPER_PORT") as warned:
        open_broker("paper").close()
    assert warned[0].filename == __file__  # the line that opens the broker
    monkeypatch.delenv("BROKERKIT_PAPER_PROT")
    monkeypatch.setenv("BROKERKIT_PAPER_LIVE_PORT", "1")  # paper_live's port, and no setting of paper
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_broker("paper").close()


def test_two_named_brokers_of_one_plugin_have_their_own_settings(write: Callable[[str], Path]) -> None:
    write("[brokers.one]\nplugin = 'acme'\nport = 1\n[brokers.two]\nplugin = 'acme'\nport = 2\n")
    with open_broker("one") as one, open_broker("two") as two:
        assert (one.native.port, two.native.port) == (1, 2)


def test_an_error_that_opening_raises_does_not_show_the_secret(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        """
        import attrs
        from brokerkit import BrokerPlugin, Secret, errors

        @attrs.frozen
        class Settings:
            password: Secret
            typed: bool = True

        def open_acme(settings, services):
            words = f"Login with {settings.password.reveal()} failed"
            raise errors.AuthenticationFailed(words, broker_message=words) if settings.typed else ValueError(words)

        plugin = BrokerPlugin(open=open_acme, settings=Settings)
        """
    )
    monkeypatch.setenv("ACME_PASSWORD", "hunter2")
    with pytest.raises(errors.AuthenticationFailed) as typed:
        open_broker("acme", password={"env": "ACME_PASSWORD"})
    assert str(typed.value) == "Login with *** failed [BK606]"
    assert "hunter2" not in repr(typed.value) + str(typed.value.as_dict())
    with pytest.raises(errors.PluginError, match=r"ValueError: Login with \*\*\* failed") as untyped:
        open_broker("acme", password="hunter2", typed=False)
    assert "hunter2" not in "".join(traceback.format_exception(untyped.value)).replace('password="hunter2"', "")


def test_a_setting_that_must_be_given_is_asked_for_by_name_and_type(install: Install) -> None:
    install(
        """
        import attrs
        from brokerkit import BrokerPlugin, Secret, Session

        @attrs.frozen
        class Settings:
            account: str
            password: Secret

        plugin = BrokerPlugin(open=lambda settings, services: Session(()), settings=Settings)
        """
    )
    with pytest.raises(errors.InvalidSetting) as refusal:
        open_broker("acme")
    assert str(refusal.value) == (
        "Broker 'acme' lacks account (text), password (text). "
        "Set it in [brokers.acme], or set $BROKERKIT_ACME_ACCOUNT. [BK107]"
    )


def test_a_file_that_cannot_be_read_is_named(install: Install) -> None:
    install(PLUGIN)
    file = Path("brokerkit.toml")
    file.mkdir()
    with pytest.raises(errors.ConfigFileError, match=r"cannot be read: Is a directory\. \(.*brokerkit\.toml\)"):
        open_broker("acme")
    file.rmdir()
    file.write_bytes(b"[brokers.acme]\nhost = '\xff'\n")
    with pytest.raises(errors.ConfigSyntaxError, match="byte 23 is not UTF-8"):
        open_broker("acme")


def test_a_link_that_leads_nowhere_is_no_missing_configuration(install: Install) -> None:
    """Opened with the plugin's defaults, the broker would be another one, without its middleware."""
    install(PLUGIN)
    Path("brokerkit.toml").symlink_to("not-mounted/brokerkit.toml")
    with pytest.raises(
        errors.ConfigFileError, match=r"cannot be read: No such file or directory\. \(.*brokerkit\.toml\)"
    ):
        open_broker("acme")


def test_a_variable_that_could_be_two_brokers_setting_is_refused(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        """
        import attrs
        from brokerkit import BrokerPlugin, Session, unsupported

        @attrs.frozen
        class Settings:
            live_port: int = 1
            port: int = 2

        plugin = BrokerPlugin(open=lambda settings, services: Session((), unsupported("none")), settings=Settings)
        """
    )
    Path("brokerkit.toml").write_text("[brokers.paper]\nplugin = 'acme'\n[brokers.paper_live]\nplugin = 'acme'\n")
    monkeypatch.setenv("BROKERKIT_PAPER_LIVE_PORT", "3")
    with pytest.raises(errors.InvalidSetting, match="can mean a setting of broker 'paper' and of broker 'paper_live'"):
        open_broker("paper")
    with pytest.raises(errors.InvalidSetting, match="can mean a setting of broker 'paper_live' and of broker 'paper'"):
        open_broker("paper_live")


@pytest.mark.parametrize("middleware", ["", "middleware = ['risk']"])
def test_a_variable_of_one_broker_is_no_matter_of_another_whose_name_begins_alike(
    install: Install, monkeypatch: pytest.MonkeyPatch, middleware: str
) -> None:
    install(PLUGIN)
    text = f"[brokers.paper]\nplugin = 'acme'\n{middleware}\n[brokers.paper_risk]\nplugin = 'acme'\n"
    Path("brokerkit.toml").write_text(f"{text}[brokers.pap]\nplugin = 'no such plugin'\n")
    monkeypatch.setenv("BROKERKIT_PAPER_RISK_PORT", "3")
    assert opened("paper_risk")[0].port == 3
    assert opened("paper")[0].port == 4001
    monkeypatch.setenv("BROKERKIT_PAPER_RISK_MAX_ORDER", "3")  # no setting of paper_risk, but one of paper's risk
    if middleware:
        assert opened("paper_risk")[0].port == 3  # and no warning
        with pytest.raises(errors.InvalidSetting, match="'paper' and of broker 'paper_risk'"):
            open_broker("paper")


def error_of_opening(install: Install, monkeypatch: pytest.MonkeyPatch, raising: str) -> BaseException:
    """Return the error of a broker that has a secret, `word`, and raises something while it is opened."""
    install(
        f"""
        import attrs
        from brokerkit import BrokerPlugin, Secret

        class Refused(Exception):
            def __init__(self, number, word):
                super().__init__(number)
                self.words = f"refused for {{word}}"

            def __str__(self):
                return self.words

        @attrs.frozen
        class Settings:
            password: Secret

        def open_acme(settings, services):
            word = settings.password.reveal()
            wrapped = RuntimeError("wrapped")
            wrapped.__context__ = ValueError(word)
            {raising}

        plugin = BrokerPlugin(open=open_acme, settings=Settings)
        """
    )
    monkeypatch.setenv("ACME_PASSWORD", "hunter2")
    with pytest.raises(errors.PluginError) as caught:
        open_broker("acme", password={"env": "ACME_PASSWORD"})
    return caught.value


@pytest.mark.parametrize(
    "raising",
    [
        "raise ConnectionRefusedError(111, f'refused for {word}')",
        "open(f'/nowhere/{word}')",
        "raise KeyError({'token': word})",
        "raise Refused(5, word)",
        "raise wrapped from OSError('no line')",  # what it came from hides what it came in, but only in a traceback
        "wrapped.__cause__ = ValueError(word); wrapped.__cause__.__cause__ = wrapped; raise wrapped",  # in a circle
        pytest.param(
            "raise ExceptionGroup('two tries', [ValueError(word)])",
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with Python 3.11"),
        ),
    ],
)
def test_no_kind_of_error_shows_the_secret(install: Install, monkeypatch: pytest.MonkeyPatch, raising: str) -> None:
    error = error_of_opening(install, monkeypatch, raising)
    shown = "".join(traceback.format_exception(error))
    assert "hunter2" not in shown + repr(error.__cause__) + repr(error.__cause__.__context__)


def test_what_an_error_has_besides_the_secret_stays_as_it_is(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    cause = error_of_opening(install, monkeypatch, "raise Refused(5, word)").__cause__
    assert (cause.args, cause.words) == ((5,), "refused for ***")
