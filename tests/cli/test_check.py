"""`sms-bridge check`: all faults at once; with --live also what vendors and Quick Audience say."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from bridge.contract import signing

from .conftest import CONFIG, Desk

ONLY_PROMO = CONFIG[: CONFIG.index("[channels.other]")]


class QuickAudience(ThreadingHTTPServer):
    """Counts what reaches it: an unsigned POST would be a failed authentication."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: QuickAudience

    def do_GET(self) -> None:
        self.server.seen.append(f"{self.command} {self.path}")
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def quick_audience() -> Iterator[QuickAudience]:
    with QuickAudience() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_sound_bridge_has_no_fault(desk: Desk) -> None:
    """Status 0 and one sentence."""
    result = desk.run("check")
    told = [line for line in result.output.splitlines() if "root may do everything" not in line]
    assert (result.exit_code, told) == (0, ["No fault."])


def test_every_kind_of_fault_is_told_at_once(bare: Desk) -> None:
    """Settings, plugins and database in one answer, each once, with what to do."""
    text = CONFIG + 'kye = "env:NOPE"\npolicies = ["zzz"]\nsettings.region = "x"\n'
    bare.write(text.replace('vendor = "reviewing"', 'vendor = "reviewin"'))
    result = bare.run("check")
    assert result.exit_code == 2
    told = [line for line in result.output.splitlines() if "root may do everything" not in line]
    assert [line.split(": ")[0] for line in told] == [
        "✗ channels.desk.kye",
        "✗ channels.desk.kye",
        "✗ bridge.database",
        "✗ channels.other.vendor",
        "✗ channels.desk.settings.region",
        "✗ channels.desk.policies",
        "6 faults.",
    ]
    assert "Did you mean reviewing?" in result.output
    assert "Run: sms-bridge db upgrade" in result.output
    assert "0123456789" not in result.output


UNREADABLE = "The database's address cannot be read: a port is a number, and @ : / ? #"


@pytest.mark.parametrize(
    ("database", "problem"),
    [
        (
            "postgresql://bridge:pa55word@127.0.0.1:1/sms",
            'The database cannot be used: connection failed: connection to server at "127.0.0.1", port 1 '
            "failed: Connection refused. Start the server, or correct its address in database.",
        ),
        ("sqlite:////dev/null/bridge.db", "The database's folder cannot be made (File exists)."),
        ("postgresql://bridge:pa55word@127.0.0.1:abc/sms", UNREADABLE),
        ("postgresql://bridge:pa55word@[::1/sms", UNREADABLE),
        ("postgresql://bridge:pa55word@[::1]:5432x/sms", UNREADABLE),
        ("mysql://bridge:pa55word@127.0.0.1/sms", "A database is sqlite:///PATH or postgresql://"),
    ],
)
def test_an_unreachable_database_is_a_fault(desk: Desk, database: str, problem: str) -> None:
    """The fault names the setting and never the password."""
    desk.write(CONFIG.replace("sqlite:///{folder}/bridge.db", database))
    result = desk.run("check")
    assert result.exit_code == 2
    assert f"✗ bridge.database: {problem}" in result.output
    assert "1 fault." in result.output
    assert "pa55word" not in result.output
    desk.write(desk.config.read_text().replace('vendor = "reviewing"', 'vendor = "reviewin"'))
    result = desk.run("check")
    assert "✗ channels.other.vendor: No installed plugin offers the vendor reviewin." in result.output
    assert "2 faults." in result.output


def test_cautions_do_not_fail_the_check(desk: Desk) -> None:
    """What works but is risky is told with status 0."""
    desk.write(ONLY_PROMO.replace("promo-key-0123456789", ""))
    result = desk.run("check")
    assert result.exit_code == 0
    assert "! channels.promo.key: Authentication is off" in result.output


def test_a_secret_that_is_missing_is_no_caution_beside(desk: Desk) -> None:
    """Nobody turned authentication off."""
    desk.write(
        ONLY_PROMO.replace("promo-key-0123456789", "env:NO_SUCH_KEY"), callback="https://qa.example.com"
    )
    result = desk.run("check")
    assert result.exit_code == 2
    assert "✗ channels.promo.key: The environment variable NO_SUCH_KEY is not set." in result.output
    assert "! channels.promo" not in result.output


def test_live_asks_vendors_and_quick_audience(desk: Desk, quick_audience: QuickAudience) -> None:
    """A broke account is a fault; Quick Audience sees one harmless GET and no attempt to authenticate."""
    desk.write(CONFIG, callback=quick_audience.url)
    result = desk.run("check --live")
    assert result.exit_code == 2
    assert f"✓ promo: Quick Audience answers at {quick_audience.url}." in result.output
    assert "✗ channels.other: The balance is used up. (NO_MONEY) Mend what the vendor names" in result.output
    assert "1 fault." in result.output
    assert quick_audience.seen == ["GET /"]


class Keyed(QuickAudience):
    """Checks signatures with one key, and answers what is signed rightly with a status of its own."""

    def __init__(self, key: str, status: int) -> None:
        super().__init__()
        self.key, self.status = key, status
        self.RequestHandlerClass = _Checking


class _Checking(_Answer):
    server: Keyed

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        query = parse_qs(self.path.partition("?")[2])
        right = signing.sign(self.server.key, query["timestamp"][0], query["nonce"][0])
        signed = self.headers[signing.HEADER] == right
        self.server.seen.append(body.decode())
        self.send_response(self.server.status if signed else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


KEYS = [
    ("promo-key-0123456789", 200, 1, 0, "✓ promo: Quick Audience's callback accepts the first of 2 keys."),
    ("promo-key-0123456789", 400, 1, 0, "✓ promo: Quick Audience's callback accepts the first of 2 keys."),
    ("newer-key-0123456789", 200, 2, 2, "accepts key 2 of 2, and the first signs. Put key 2 first."),
    ("third-key-0123456789", 200, 2, 2, "accepts none of 2 keys. Compare them with the key in"),
    ("promo-key-0123456789", 500, 1, 2, "does not say which key it accepts (HTTP 500). Try again later."),
]


@pytest.mark.parametrize(("key", "status", "tried", "exit_code", "sentence"), KEYS)
def test_live_tells_which_key_is_accepted(
    desk: Desk, key: str, status: int, tried: int, exit_code: int, sentence: str
) -> None:
    """Each is tried once, with no receipt in it, and none after the first that is taken."""
    both = '["promo-key-0123456789", "newer-key-0123456789"]'
    with Keyed(key, status) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        desk.write(ONLY_PROMO.replace('"promo-key-0123456789"', both), callback=server.url)
        result = desk.run("check --live")
        server.shutdown()
        thread.join()
    assert sentence in result.output
    assert result.exit_code == exit_code
    assert server.seen[1:] == ['{"thirdSmsSendDetailModelList":[]}'] * tried
    assert "0123456789" not in result.output


def test_live_tells_that_nobody_listens(desk: Desk) -> None:
    """A refused connection is a fault of the callback address."""
    desk.write(ONLY_PROMO, callback="https://127.0.0.1:9")
    result = desk.run("check --live")
    assert result.exit_code == 2
    assert (
        "✗ channels.promo.callback_url: Quick Audience cannot be reached (CONNECTION_REFUSED)"
        in result.output
    )


def test_live_tells_that_the_address_is_private(desk: Desk, quick_audience: QuickAudience) -> None:
    """What the worker would refuse, the check refuses."""
    text = ONLY_PROMO.replace("allow_private = true", "")
    desk.write(text, callback=quick_audience.url.replace("http:", "https:"))
    result = desk.run("check --live")
    assert "Quick Audience cannot be reached (PRIVATE_ADDRESS)" in result.output
    assert quick_audience.seen == []


def test_an_unreadable_file_is_told(bare: Desk) -> None:
    """Without a configuration there is one fault and no more."""
    bare.config.unlink()
    result = bare.run("check")
    assert result.exit_code == 2
    assert "The configuration file cannot be read (No such file or directory)." in result.output
    assert "1 fault." in result.output


@pytest.mark.parametrize("command", ["db upgrade", "db current", "db check", "db backup copy.db", "channels"])
def test_an_address_that_cannot_be_read_is_one_sentence(desk: Desk, command: str) -> None:
    """Every command says the same, without the password."""
    address = "postgresql://bridge:pa55word@127.0.0.1:abc/sms"
    desk.config.write_text(desk.config.read_text().replace(desk.database, address))
    result = desk.run(command)
    assert (result.exit_code, UNREADABLE in result.output) == (2, True)
    assert "pa55word" not in result.output
