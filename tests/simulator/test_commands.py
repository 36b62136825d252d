"""`sms-bridge simulate` from its options to its exit status; `demo` has a file of its own."""

import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import phonenumbers
import pytest
import requests
from click.testing import CliRunner, Result

from bridge.plugin import TemplateType
from bridge.plugin.phone import parse
from bridge.simulator import invent_international
from bridge.simulator.commands import simulate
from bridge.simulator.local_bridge import WayBack
from tests.certificates import Pair

from .fake_bridge import FakeBridge
from .pushing import KEY, push, receipt, receipts_body


@pytest.fixture
def port() -> int:
    """Return a port that was free a moment ago: the bridge must know it before the simulator listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def fake(port: int) -> Iterator[FakeBridge]:
    with FakeBridge(f"http://127.0.0.1:{port}", reviews=1) as bridge:
        yield bridge


def simulated(fake: FakeBridge, port: int, *options: str, desk: object = None) -> Result:
    command = ["--prefix", fake.url, "--key", KEY, "--listen", f"127.0.0.1:{port}", "--silence", "0.3"]
    sign = () if "--sign" in options or desk else ("--sign", "演示")
    return CliRunner().invoke(simulate, [*command, *sign, *options], obj=desk)


# How the authority of a bridge's certificate is named, and whether the bridge is believed.
AUTHORITIES: list[tuple[str, list[str], dict[str, str], bool]] = [
    ("by the option", ["--ca", "ca.pem"], {}, True),
    ("as requests knows it", [], {"REQUESTS_CA_BUNDLE": "ca.pem"}, True),
    ("by its own variable", [], {"SIMULATE_CA": "ca.pem", "REQUESTS_CA_BUNDLE": "other.pem"}, True),
    ("another", ["--ca", "other.pem"], {}, False),
    ("not at all", [], {}, False),
]


@pytest.mark.parametrize(
    ("options", "variables", "believed"),
    [row[1:] for row in AUTHORITIES],
    ids=[row[0] for row in AUTHORITIES],
)
def test_a_bridge_behind_an_authority_of_one_s_own(
    options: list[str],
    variables: dict[str, str],
    believed: bool,
    port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The refusal says what to name, at once."""
    Pair(tmp_path, "other")
    bridge = Pair(tmp_path, "bridge", Pair(tmp_path, "ca"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(bridge.cert_file, bridge.key_file)
    for name in ("SIMULATE_CA", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name, place in variables.items():
        monkeypatch.setenv(name, place)
    with FakeBridge(f"http://127.0.0.1:{port}", reviews=1, tls=tls) as fake:
        result = simulated(fake, port, "--recipients", "5", *options)
    assert result.exit_code == (0 if believed else 1), result.output
    assert ("name that authority's with --ca" in result.output) is not believed


class Desk:
    """A machine that knows the bridge."""

    def __init__(self, receipts: Literal["push", "pull"] = "pull", callback_url: str = "") -> None:
        self.way = WayBack(receipts, callback_url)

    def way_back(self, prefix: str) -> WayBack:
        assert prefix.startswith("http://127.0.0.1")
        if self.way.callback_url.startswith("http://127.0.0.1"):
            requests.get(f"{self.way.callback_url}/", timeout=10)
        return self.way

    def sign(self, prefix: str) -> str:
        return "演示" if prefix.startswith("http://127.0.0.1") else ""

    reasons = True
    polled = 0.0
    unsent = 0

    def waiting(self, prefix: str, campaign: str, sent: int) -> int:
        assert prefix.startswith("http://127.0.0.1") and campaign and sent
        return self.unsent

    def polled_s(self, prefix: str) -> float:
        assert prefix.startswith("http://127.0.0.1")
        return self.polled

    def held(self, prefix: str) -> list[str]:
        if not self.reasons:
            return []
        return [f"{prefix.rpartition('/')[0]}: held until 2026-11-30 08:00:00 by quiet hours"]


def test_a_campaign_that_reconciles_ends_with_status_0(fake: FakeBridge, port: int) -> None:
    result = simulated(fake, port, "--recipients", "50")
    assert result.exit_code == 0, result.output
    assert f"received at http://127.0.0.1:{port}:" in result.output
    assert "Everything reconciles." in result.output
    for row, figure in (("sent by Quick Audience", "65"), ("duplicates", "not known"), ("lost", "0")):
        assert re.search(rf"{row} +│ +{figure} │", result.output), result.output
    assert "Only the carrier's own record" in result.output
    assert re.search(r"Replies +\d+ in [\d.]+ s", result.output), "nobody knows how many are due"


@pytest.mark.parametrize(("by_file", "told"), [("5", True), ("0", False)])
def test_a_send_by_file_is_told_to_be_a_campaign_of_its_own(port: int, by_file: str, told: bool) -> None:
    """The contract has no field for its task; whoever looks for its messages needs its name."""
    with FakeBridge(f"http://127.0.0.1:{port}", reviews=1) as fake:
        result = simulated(fake, port, "--recipients", "20", "--by-file", by_file)
    assert result.exit_code == 0, result.output
    named = re.search(r"by file names no task: the campaign (\S+-file) \(sms-bridge campaigns", result.output)
    assert (named is not None) is told


def test_each_run_is_a_campaign_of_its_own(port: int) -> None:
    """Who cancels one of them cancels no other; a given id joins them."""
    seen = []
    for options in ([], [], ["--task-id", "4711"]):
        with FakeBridge(f"http://127.0.0.1:{port}", reviews=1) as fake:
            result = simulated(fake, port, "--recipients", "20", *options)
        assert result.exit_code == 0, result.output
        [task] = fake.tasks
        assert task.isdecimal() and f"campaign {task} (sms-bridge campaigns show {task})" in result.output
        seen.append(task)
    assert len(set(seen)) == 3 and seen[-1] == "4711"


def test_what_an_earlier_run_did_not_wait_for_is_told_apart(fake: FakeBridge, port: int) -> None:
    """Its late receipts do not make this run fail."""
    fake.late = {"outId": "sim-00000000-list"}
    result = simulated(fake, port, "--recipients", "5", "--by-file", "0", "--digital", "0")
    assert result.exit_code == 0, result.output
    assert "of an earlier run, by their outId, and not counted: 1." in result.output


def test_a_campaign_that_does_not_reconcile_ends_with_status_1(fake: FakeBridge, port: int) -> None:
    fake.tamper = lambda entries: entries[:-1] or entries
    result = simulated(fake, port, "--recipients", "50")
    assert result.exit_code == 1
    assert "does not reconcile: 3 × lost" in result.output


def test_what_a_channel_cannot_do_is_skipped(fake: FakeBridge, port: int) -> None:
    """A vendor without digital messages, and one that knows no change of a template."""
    fake.refuses = {"_digitalSmsTemplate", "PUT _smsTemplate"}
    result = simulated(fake, port, "--recipients", "50")
    assert result.exit_code == 0, result.output
    assert result.output.count("skipped: The vendor cannot do that.") == 2
    assert re.search(r"sent by Quick Audience +│ +60 │", result.output), result.output
    assert "Send digital" not in result.output


def test_a_refusal_for_another_reason_is_no_skip(fake: FakeBridge, port: int) -> None:
    fake.refuses, fake.refusal = {"_digitalSmsTemplate"}, "PARAMS_INVALID"
    result = simulated(fake, port, "--recipients", "50")
    assert result.exit_code == 1 and "create_digital_template was refused" in result.output


def test_it_sends_international_messages_with_a_template_of_its_own(fake: FakeBridge, port: int) -> None:
    result = simulated(fake, port, "--recipients", "0", "--international", "45", "--digital", "0")
    assert result.exit_code == 0, result.output
    assert fake.types == [3]
    phones = [row["phoneNum"] for row in fake.sent]
    assert len(set(phones)) == 45
    assert all(re.fullmatch(r"1[2-9]\d\d55501\d\d", phone) for phone in phones)
    assert (
        len({phonenumbers.parse(f"+{person.phone}").national_number for person in invent_international(2000)})
        == 2000
    )
    assert all(parse(phone, TemplateType.INTERNATIONAL).e164 == f"+{phone}" for phone in phones)


def test_own_international_numbers(fake: FakeBridge, port: int, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("14155550123\n", "utf-8")
    result = simulated(fake, port, "--numbers", str(numbers), "--template-type", "3")
    assert result.exit_code == 0, result.output
    assert fake.types == [3] and [row["phoneNum"] for row in fake.sent] == ["14155550123"]


def test_the_sign_is_the_channels_where_it_is_known(fake: FakeBridge, port: int) -> None:
    result = simulated(fake, port, "--recipients", "5", desk=Desk("push", f"http://127.0.0.1:{port}"))
    assert result.exit_code == 0, result.output
    asked = CliRunner().invoke(simulate, ["--prefix", "https://far.example.com", "--key", KEY], obj=Desk())
    assert asked.exit_code == 2 and "--sign is needed" in asked.output


def test_it_says_what_holds_messages_and_which_receipts_it_waits_for(
    fake: FakeBridge, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.simulator.campaign._HELD_S", 0.1)
    fake.tamper = lambda entries: entries[2:]
    desk = Desk("push", f"http://127.0.0.1:{port}")
    result = simulated(fake, port, "--recipients", "50", "--by-file", "0", "--digital", "0", desk=desk)
    assert result.exit_code == 1
    assert "No receipt for a while: " in result.output and "This may keep receipts back: " in result.output
    assert "by quiet hours" in result.output
    shown = re.search(r"Still awaited for sim-\w+-list: 2 of 50 receipts \((.*), (.*)\)", result.output)
    assert shown is not None and all("*" in number for number in shown.groups()), result.output
    [task] = fake.tasks
    assert f"; see sms-bridge campaigns show {task}" in result.output
    assert fake.sent[0]["phoneNum"] not in result.output


# How many of the two without a receipt wait at the bridge: the exit status, and what is told.
WAITING = {
    "both": (
        2,
        3,
        ["waiting at the bridge +│ +2 │", "lost +│ +0 │", "Nothing is lost: 2 wait"],
    ),
    "more than are missing": (9, 3, ["waiting at the bridge +│ +2 │", "lost +│ +0 │"]),
    "one": (1, 1, ["waiting at the bridge +│ +1 │", "lost +│ +1 │", "does not reconcile: 1 × lost"]),
}


@pytest.mark.parametrize(("unsent", "status", "told"), WAITING.values(), ids=WAITING)
def test_what_waits_at_the_bridge_is_not_lost(
    fake: FakeBridge, port: int, unsent: int, status: int, told: list[str]
) -> None:
    """It has an exit status of its own, and the last sentence says why it waits."""
    fake.holds = 2
    desk = Desk("push", f"http://127.0.0.1:{port}")
    desk.unsent = unsent
    result = simulated(fake, port, "--recipients", "50", "--by-file", "0", "--digital", "0", desk=desk)
    assert result.exit_code == status, result.output
    assert [words for words in told if not re.search(words, result.output)] == [], result.output
    assert "Everything reconciles" not in result.output
    assert "They wait: " in result.output.splitlines()[-1]


def test_a_wrong_callback_address_is_named(fake: FakeBridge, port: int) -> None:
    fake.pushes = False
    result = simulated(fake, port, "--recipients", "5")
    assert result.exit_code == 1
    assert f"No callback came at all: is http://127.0.0.1:{port} the channel's callback_url?" in result.output
    desk = Desk("push", f"http://127.0.0.1:{port}")
    held = simulated(fake, port, "--recipients", "5", desk=desk).output
    assert "keep receipts back: " in held and "No callback came at all" not in held, "the reason is known"
    desk.reasons = False
    visited = simulated(fake, port, "--recipients", "5", desk=desk).output
    assert "does the vendor reach public_url?" in visited and "No callback came at all" not in visited
    desk.polled = 60.0
    polled = simulated(fake, port, "--recipients", "5", desk=desk).output
    assert "asks the vendor for receipts every 60 s (poll_s)" in polled and "public_url" not in polled


@pytest.mark.parametrize(
    ("receipts", "callback_url", "told"),
    [
        ("push", "http://127.0.0.1:{port}", ""),
        ("push", "http://127.0.0.1:{port}/callback", "callback_url is http://127.0.0.1:{port}/callback, and"),
        (
            "push",
            "shanghai",
            "callback_url is shanghai, and callbacks are received at http://127.0.0.1:{port}.",
        ),
        ("push", "", "callback_url is not set, and"),
        ("pull", "http://127.0.0.1:{port}", 'The channel has receipts = "pull": say --receipts pull.'),
    ],
)
def test_what_keeps_receipts_from_coming_is_told_before_anything_is_sent(
    receipts: Literal["push", "pull"], callback_url: str, told: str, fake: FakeBridge, port: int
) -> None:
    """Messages may cost; on the bridge's machine nobody has to wait for receipts that cannot come."""
    desk = Desk(receipts, callback_url.format(port=port))
    result = simulated(fake, port, "--recipients", "5", desk=desk)
    assert (result.exit_code, bool(fake.sent)) == ((0, True) if not told else (1, False)), result.output
    assert told.format(port=port) in result.output


def test_callbacks_to_another_path_are_named(port: int) -> None:
    with FakeBridge(f"http://127.0.0.1:{port}/callback", reviews=1) as fake:
        result = simulated(fake, port, "--recipients", "5")
    assert result.exit_code == 1
    assert f"the channel's callback_url must be http://127.0.0.1:{port} alone" in result.output
    assert "No callback came at all" not in result.output


def test_callbacks_that_are_refused_did_come(fake: FakeBridge, port: int) -> None:
    result = simulated(fake, port, "--recipients", "5", "--key", "another-key")
    assert result.exit_code == 1
    assert "No callback was taken: each was refused" in result.output


def test_a_port_that_is_taken_is_told_in_one_line(fake: FakeBridge) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = simulated(fake, taken.getsockname()[1])
    assert result.exit_code == 1
    assert "name another place with --listen" in result.output


def test_own_numbers_replace_the_invented_ones(fake: FakeBridge, port: int, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("\ufeff15400000001\r\n15400000002\r\n15400000001\n", "utf-8")
    result = simulated(fake, port, "--numbers", str(numbers), "--receipts", "push")
    assert result.exit_code == 0, result.output
    assert [row["phoneNum"] for row in fake.sent] == ["15400000001", "15400000002"]
    assert "15400000001" not in result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--listen", "8790"], "HOST:PORT"),
        (["--numbers", __file__, "--recipients", "1000000"], "1,000,000 recipients are wanted"),
        (["--receipts", "pigeon"], "'pigeon' is not one of"),
        (["--prefix", ""], "--prefix is needed"),
        (["--template-type", "3"], "needs --numbers"),
        (["--template-type", "3", "--international", "1"], "--international invents some"),
        (["--international", "1000000"], "2000"),
        (["--sign", ""], "--sign is needed"),
        (["--prefix", "127.0.0.1:8700/good", "--sign", ""], "it lacks http://"),
        (["--prefix", "sms.example.com/promo"], "--prefix sms.example.com/promo is no address"),
        (["--address", "bridge:8790"], "--address bridge:8790 is no address"),
    ],
)
def test_wrong_options_are_told(fake: FakeBridge, port: int, options: list[str], words: str) -> None:
    result = simulated(fake, port, *options)
    assert result.exit_code == 2
    assert words in result.output


def test_a_bridge_that_is_not_there_is_told_in_one_line(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.simulator.commands.PATIENCE_S", 0)
    result = CliRunner().invoke(
        simulate,
        ["--prefix", f"http://127.0.0.1:{port}", "--key", "", "--listen", "127.0.0.1:0", "--sign", "演示"],
    )
    assert result.exit_code == 1
    assert "Error: query_sign has no answer" in result.output
    assert "Traceback" not in result.output


def test_it_can_only_listen(session: requests.Session) -> None:
    command = [sys.executable, "-m", "bridge.cli", "simulate", "--listen-only", "--listen", "127.0.0.1:0"]
    with subprocess.Popen([*command, "--key", KEY], stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        found = re.search(r"http://[0-9.:]+[0-9]", listening.stdout.readline())
        assert found is not None
        assert push(session, found[0], receipts_body(receipt())).ok
        assert session.get(f"{found[0]}/inspector").json()["receipts"] == {"task-1": 1}
        listening.terminate()
        assert listening.wait(30) == 128 + signal.SIGTERM
