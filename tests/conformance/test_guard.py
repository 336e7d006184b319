"""Nobody leaves a test of the suite out in silence, replaces one, or trades a live account with it."""

from __future__ import annotations

import pytest

_SUITE = """
from brokerkit.conformance import *
"""


@pytest.fixture
def author(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return the tests of a plugin's author: the two lines, and the ini file."""
    pytester.makeconftest('pytest_plugins = ["brokerkit.conformance"]')
    pytester.makeini("[pytest]\nbrokerkit_broker = sim\nbrokerkit_level = static\n")
    return pytester


def _run(author: pytest.Pytester, *options: str) -> pytest.RunResult:
    return author.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options)


def test_the_two_lines_bring_in_the_whole_level(author: pytest.Pytester) -> None:
    author.makepyfile(_SUITE)
    result = _run(author)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*sim: CONFORMS at level static*"])


_LEAKING = """
import logging
from brokerkit import AccountKind, BrokerPlugin, Secret, Session, unsupported
import attrs

@attrs.frozen
class Settings:
    api_key: Secret

def open_leaking(settings, services):
    logging.getLogger("leaking").debug("GET /status?key=%s", settings.api_key.reveal())
    return Session((), unsupported("nothing at all"), account_kind=AccountKind.PAPER)

plugin = BrokerPlugin(open=open_leaking, settings=Settings)
"""


def test_a_credential_in_the_log_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(leaking=_LEAKING)
    about = pytester.mkdir("leaking-1.0.dist-info")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: leaking\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[brokerkit.brokers]\nleaking = leaking:plugin\n")
    pytester.makeconftest(
        "import pytest\nfrom brokerkit.conformance import Facts\n"
        'pytest_plugins = ["brokerkit.conformance"]\n\n'
        '@pytest.fixture(scope="session")\ndef facts():\n'
        '    return Facts("leaking", settings={"api_key": "open-sesame"})\n'
    )
    pytester.makeini("[pytest]\nbrokerkit_level = static\npythonpath = .\nfilterwarnings = error\n")
    pytester.makepyfile(_SUITE)
    result = _run(pytester, "-k", "test_006")
    result.stdout.fnmatch_lines(["*a credential is written in clear to the log of leaking*"])
    result.assert_outcomes(passed=1, failed=1)


def test_a_deselected_test_ends_the_run(author: pytest.Pytester) -> None:
    file = author.makepyfile(_SUITE)
    result = _run(author, "--deselect", f"{file.name}::test_013_every_capability_has_a_value")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_013_every_capability_has_a_value was deselected*"])


def test_a_replaced_test_ends_the_run(author: pytest.Pytester) -> None:
    author.makepyfile(_SUITE + "\ndef test_013_every_capability_has_a_value():\n    pass\n")
    result = _run(author)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*replaces test_013_every_capability_has_a_value*"])


def test_a_skipped_test_ends_the_run(author: pytest.Pytester) -> None:
    name = "test_013_every_capability_has_a_value"
    author.makepyfile(f"import pytest\n{_SUITE}\n{name} = pytest.mark.skip(reason='no')({name})\n")
    result = _run(author)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{name} is marked skip*"])


def test_a_known_failure_with_a_reason_is_shown_as_such(author: pytest.Pytester) -> None:
    mark = "pytest.mark.xfail(strict=True, reason='issue 7')"
    name = "test_013_every_capability_has_a_value"
    wrong = f"\n@{mark}\ndef {name}():\n    raise AssertionError\n"
    author.makepyfile(f"import pytest\n{_SUITE}{wrong}")
    assert _run(author).ret == 0


def test_a_part_gives_no_verdict(author: pytest.Pytester) -> None:
    author.makepyfile(_SUITE)
    assert "PARTIAL: no verdict" in _run(author, "-k", "test_013").stdout.str()


def test_a_live_account_is_never_traded(author: pytest.Pytester) -> None:
    """Case 280, from the other side: a broker that calls its account live ends the run, and nothing is sent."""
    author.makepyfile(
        test_guarded="""
        import attrs, pytest
        from brokerkit import AccountKind, open_broker
        from brokerkit.conformance.connection import refuse_money_at_stake

        class Live:
            name, account_kind = "mine", AccountKind.LIVE
            def supports(self, hook): return False

        def test_trades(request):
            refuse_money_at_stake(Live(), request.session)
        """
    )
    result = _run(author)
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*Nothing was sent*"])
    in_parallel = _run(author, "-n", "1")
    assert in_parallel.ret == pytest.ExitCode.INTERRUPTED
    in_parallel.stdout.fnmatch_lines(["*Nothing was sent*"])


def test_a_failure_says_how_to_run_it_again(author: pytest.Pytester) -> None:
    author.makepyfile(_SUITE)
    result = _run(author, "--level", "trade", "--set", "seed=3", "--fact", "large_quantity=0", "-k", "test_214")
    again = "brokerkit check sim --level trade --case 214 --seed 20240301 --set seed=3 --fact large_quantity=0"
    result.stdout.fnmatch_lines([f"*{again}*"])


def test_a_setting_that_means_nothing_is_told_once(author: pytest.Pytester) -> None:
    author.makepyfile(_SUITE)
    result = _run(author, "--set", "seed=abc")
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*Broker 'sim' cannot be opened*", "*seed is 'abc'; it should be a whole number*"])
    assert "FAIL" not in result.stdout.str()


def test_a_read_only_broker_is_not_traded(author: pytest.Pytester) -> None:
    author.makepyfile(_SUITE)
    result = _run(author, "--level", "trade", "--set", "read_only=true", "-k", "test_104 or test_105")
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*Broker 'sim' is read-only*--set read_only=false*"])


def test_an_order_above_the_limits_of_its_section_is_no_fault_of_the_plugin(author: pytest.Pytester) -> None:
    author.makefile(
        ".toml",
        brokerkit='[brokers.careful]\nplugin = "sim"\nmiddleware = ["risk"]\n[brokers.careful.risk]\nmax_order = 5\n',
    )
    author.makepyfile(_SUITE)
    result = _run(author, "--broker", "careful", "--level", "trade", "-k", "test_104 or test_110")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["blocked: the risk limits that are set for this broker refuse it:*max_order = 5*"])
