"""What every test has: fixed seeds, one thread, no network; and closing words on what was measured and what not run."""

import json
import os
import random
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

for name, value in {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "HF_HUB_OFFLINE": "1"}.items():
    os.environ.setdefault(name, value)

# A shell that starts the suite in the background lets it ignore Ctrl-C, and so would every command that is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Reasons for which a test may be skipped where CI=true; any other skip fails the run there.
ALLOWED_SKIPS = (re.compile(r"needs CUDA"), re.compile(r"needs Chromium"))
LOOPBACK = ("127.", "localhost", "::1")


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Seed each library that a test module has loaded, and load none."""
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def refuse_others(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise PermissionError(f"a test tried to reach {address[0]}: tests run without network")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse_others)


@pytest.fixture(autouse=True, scope="session")
def neutral_screen() -> Iterator[None]:
    """Rich and typer draw for a plain, wide screen whatever terminal the suite runs in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_COLOR", "1")
        patch.setenv("COLUMNS", "160")
        patch.delenv("FORCE_COLOR", raising=False)
        yield


def skip_reasons(stats: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Reason -> the tests that were skipped for it."""
    reasons: dict[str, list[str]] = {}
    for report in stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)
    return reasons


def unexpected(reasons: dict[str, list[str]]) -> list[str]:
    return [reason for reason in reasons if not any(allowed.search(reason) for allowed in ALLOWED_SKIPS)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI=true, a skip that is not on the list fails the run: nothing is left out in silence."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and unexpected(skip_reasons(reporter.stats)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    measured = [line for report in terminalreporter.stats.get("passed", []) for line in report.user_properties]
    if measured:
        terminalreporter.section("measured")
    for name, value in measured:
        terminalreporter.line(f"{name}: {value}")
    reasons = skip_reasons(terminalreporter.stats)
    if not reasons:
        return
    terminalreporter.section("not run")
    for reason, tests in reasons.items():
        terminalreporter.line(f"{reason}: {len(tests)} ({', '.join(tests[:3])}{' ...' if len(tests) > 3 else ''})")
    if os.environ.get("CI") == "true" and unexpected(reasons):
        terminalreporter.line(f"CI=true: failed, since these reasons are not allowed: {'; '.join(unexpected(reasons))}")


@dataclass(frozen=True)
class Answer:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command line in this process, as its user would."""
    from bestiary.__main__ import main

    def call(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call
