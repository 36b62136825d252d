"""An emulator that does not speak HTTP: what the kit proves of it, and what it says that it does not."""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.testing.table.exchanges import Broken, Lost

from .ruling import imported

# A client that is stopped while it connects leaves a socket for the collector.
pytestmark = [
    pytest.mark.usefixtures("swept"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

# One line of JSON each way, as many an SMPP gateway's little brother has it.
SOURCE = """
import json
import socket
from urllib.parse import urlsplit

from acme_sms import *
import acme_sms
import test_acme
from bridge.plugin import OutcomeUnknown, VendorUnavailable


class Sin(acme_sms.Acme):
    def _call(self, method, path, body=None):
        address = urlsplit(self._base)
        try:
            line = socket.create_connection((address.hostname, address.port), 5)
        except OSError:
            raise VendorUnavailable("No contact.") from None
        with line, line.makefile() as answers:
            try:
                line.sendall(json.dumps([path, body]).encode() + b"\\n")
                answer = json.loads(answers.readline())
            except (OSError, ValueError):
                return self._lost(path, body)
        if not isinstance(answer, dict) or "results" not in answer:
            raise OutcomeUnknown("Acme's answer is incomplete.")
        return answer

    def _lost(self, path, body):
        raise OutcomeUnknown("Acme's answer is lost.")
"""
TABLE = """

class TestSockets(test_acme.TestAcme):
    vendor = Sin
    statuses = {}
    errors = {}
    cases = [
        test_acme.Send("accepted"),
        test_acme.Send("silence", given=lambda emulator: emulator.break_answer(RESET), lost=True,
                       expect=test_acme.Outcome.UNKNOWN),
    ]
"""
REPEATS = """

class Sin(Sin):
    def _lost(self, path, body):
        return super()._call("POST", path, body)
"""


class Emulator:
    """Takes every message; its answers break as they are told to."""

    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.url = ""
        self.broken: Broken | Lost | None = None

    def answer(self, body: Any) -> bytes | None:
        """Return the line that answers a send, None for a connection that breaks."""
        numbers = [each["to"] for each in body["messages"]]
        self.delivered += numbers
        whole = json.dumps({"results": [{"id": number} for number in numbers]}).encode() + b"\n"
        lines: dict[Broken | Lost | None, bytes] = {None: whole, Broken.HOLLOW: b"{}\n"}
        return {**lines, Broken.TRUNCATED: whole[:9]}.get(self.broken)


class WithWord(Emulator):
    """The same, which says how it breaks."""

    def break_answer(self, how: Broken | Lost) -> None:
        """Break every answer from here on."""
        self.broken = how


def running(kind: type[Emulator]) -> Callable[[], Any]:
    """Return what a table calls its emulator."""

    @contextmanager
    def start() -> Iterator[Emulator]:
        emulator = kind()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                """Answer one line."""
                _, body = json.loads(self.rfile.readline())
                if (line := emulator.answer(body)) is not None:
                    self.wfile.write(line)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            emulator.url = f"acme://127.0.0.1:{server.server_address[1]}"
            try:
                yield emulator
            finally:
                server.shutdown()
                thread.join()

    return start


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make a table over sockets, of Acme or of one that sins."""

    def make(kind: type[Emulator] = WithWord, more: str = "") -> Any:
        head = "from bridge.testing import Lost\nRESET = Lost.RESET\n"
        module = imported(f"{head}{SOURCE}{more}{TABLE}", tmp_path, monkeypatch)
        made = type("TestMade", (module.TestSockets,), {"emulator": staticmethod(running(kind))})()
        made.unproven = []
        made._record = lambda _, what: made.unproven.append(what)
        return made

    return make


def test_the_emulator_breaks_its_answers_itself(table: Callable[..., Any]) -> None:
    """Each way in which an answer breaks, and nothing is sent twice."""
    tried = table()
    for how in (Broken.RESET, Broken.TRUNCATED, Broken.HOLLOW):
        tried.test_a_broken_answer_to_a_send_is_unknown((tried.cases[0], how))
    assert not tried.unproven


def test_a_client_over_sockets_that_repeats_is_found(table: Callable[..., Any]) -> None:
    """By the messages that the vendor took."""
    tried = table(more=REPEATS)
    with pytest.raises(AssertionError, match="the request was repeated blindly"):
        tried.test_a_broken_answer_to_a_send_is_unknown((tried.cases[0], Broken.RESET))


def test_what_an_emulator_cannot_break_stands_in_the_record(table: Callable[..., Any]) -> None:
    """Not passed over in silence: "not proven" is printed and kept beside the rung."""
    tried = table(Emulator)
    tried.test_a_broken_answer_to_a_send_is_unknown((tried.cases[0], Broken.RESET))
    tried.test_a_lost_answer_over_real_http_is_not_repeated(tried.cases[0])
    assert tried.unproven == [
        "broken answers: the emulator does not speak HTTP and has no `break_answer`",
        "a lost answer over real HTTP: the table's addresses cannot be served",
    ]


def test_a_table_without_a_lost_send_fails(table: Callable[..., Any]) -> None:
    """Nothing of it shows that a lost answer is unknown."""
    tried = table(Emulator)
    tried.cases = tried.cases[:1]
    with pytest.raises(AssertionError, match="show a lost answer to send_batch in a row with lost=True"):
        tried.test_a_broken_answer_to_a_send_is_unknown((tried.cases[0], Broken.RESET))


def test_the_campaign_is_skipped_with_a_word(table: Callable[..., Any], tmp_path: Path) -> None:
    """At once; it used to hang for a minute and a half."""
    with pytest.raises(pytest.skip.Exception, match="does not speak HTTP: give it `before_answer`"):
        table().test_kill_9_loses_and_repeats_nothing(tmp_path)


def test_two_threads_over_sockets(table: Callable[..., Any]) -> None:
    """A second row is made from the first; who was given what is told by the emulator."""
    tried = table()
    tried.test_two_threads_at_once(tried.cases[0])


def test_the_address_is_of_sockets(table: Callable[..., Any]) -> None:
    """So that the tests above are what they say."""
    with running(Emulator)() as emulator:
        assert emulator.url.startswith("acme://")
        port = int(emulator.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as line, line.makefile() as answers:
            line.sendall(b'["/send", {"messages": [{"to": "1"}]}]\n')
            assert json.loads(answers.readline()) == {"results": [{"id": "1"}]}
