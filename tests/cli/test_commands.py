"""Every command: what it prints, what it changes, and how it fails."""

import json
import time
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.channels import catalogue, discover
from bridge.cli import main
from bridge.cli.running import processes
from bridge.contract import signing
from bridge.ledger import (
    Callee,
    Holder,
    MessageRow,
    NewSend,
    Recipients,
    Scope,
    Terms,
)
from bridge.ledger.database.bulk import insert_messages
from bridge.ledger.refs import phone_key
from bridge.ledger.reports.outbox import Ended, PutBack, enqueue_receipts
from bridge.plugin import Carrier, Kind, MessageStatus, ReviewStatus
from bridge.testing.commands import rung_with

from .conftest import CONFIG, Desk

NUMBER = "13800138000"
HOUR = 3_600_000

# Command -> part of its one sentence. All end with status 2 and no traceback.
FAILURES = [
    ("channels pause promo --account nope", "The channel promo has no account nope; it has tiny."),
    ("channels pause nope", "There is no channel nope; the configuration has promo, other, desk."),
    ("channels resume nope", "There is no channel nope"),
    ("messages 12", "That is no phone number"),
    (f"messages {NUMBER} --channel nope", "There is no channel nope"),
    ("push list --channel nope", "There is no channel nope"),
    ("push replay", "Give either ids, or --channel, or --all."),
    ("push replay 1 --all", "Give either ids, or --channel, or --all."),
    ("push replay --channel nope", "There is no channel nope"),
    ("push replay 1 --since 2026-11-29", "With --since give --channel"),
    ("push replay --campaign x --all", "With --campaign give neither ids nor --all nor --outid."),
    ("push replay --campaign nope", "There is no such campaign"),
    ("push replay --channel promo --since yesterday", "yesterday is no day"),
    ("push replay --all --until 2026-11-29", "Give --since with --until and --outid."),
    ("push replay --channel other --since 2026-11-29", "The channel other has no callback_url"),
    ("unknown list --channel nope", "There is no channel nope"),
    ("unknown settle --channel nope", "There is no channel nope"),
    ("unknown resend nope", "There is no channel nope"),
    ("unknown resend promo --batch !", "! is no reference of a batch"),
    ("suppress add nope 1", "There is no channel nope"),
    ("suppress add promo", "Name at least one number"),
    ("suppress add promo x", "That is no phone number"),
    ("suppress list nope", "There is no channel nope"),
    ("templates list --channel nope", "There is no channel nope"),
    ("templates approve promo T1", "The channel promo has no template T1."),
    ("templates approve desk T9", "The channel desk has no template T9."),
    ("templates reject other T1 --reason No", "The vendor of other reviews its templates itself"),
    ("sign nope", "There is no channel nope"),
    ("plugins new 'Bad Name'", "A name is lower-case letters"),
    ("nonsense", "No such command 'nonsense'"),
]


@pytest.mark.parametrize(("command", "sentence"), FAILURES)
def test_failures_are_one_sentence(desk: Desk, command: str, sentence: str) -> None:
    """Whatever the operator gets wrong, the answer says so and the status is 2."""
    desk.template("other", "T1")
    result = desk.run(command)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


NEED_SCHEMA = ["channels", f"messages {NUMBER}", "push", "suppress list promo", "templates"]


@pytest.mark.parametrize("command", NEED_SCHEMA)
def test_an_empty_database_is_refused_with_the_command_to_run(bare: Desk, command: str) -> None:
    """Only `serve` and `db upgrade` make a schema."""
    result = bare.run(command)
    assert result.exit_code == 2
    assert "Run: sms-bridge db upgrade" in result.output


@pytest.mark.parametrize(
    "command", [*NEED_SCHEMA, "db upgrade", "db current", "sign promo", "serve", "worker"]
)
def test_a_faulty_configuration_is_told_whole(bare: Desk, command: str) -> None:
    """Every command shows all faults, and no secret."""
    bare.write(CONFIG + 'kye = "x"\nsend_status = "number"')
    result = bare.run(command)
    assert result.exit_code == 2
    assert "channels.desk.kye: There is no such setting. Did you mean key?" in result.output
    assert "0123456789" not in result.output


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_explains_itself(name: str) -> None:
    """--help shows a sentence for each command and each of its own commands."""
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_db_tells_and_makes_the_schema(bare: Desk) -> None:
    """`db current` fails until `db upgrade` was run; upgrading twice changes nothing."""
    before = bare.run("db current")
    assert (before.exit_code, "There is no database" in before.output) == (2, True)
    for _ in range(2):
        assert bare.run("db upgrade").exit_code == 0
    assert bare.run("db current").exit_code == 0


def test_channels_show_state_and_obey(desk: Desk) -> None:
    """A pause is shown with its reason and ends with resume, which closes the breaker too."""
    now = int(time.time() * 1000)
    desk.run("channels pause promo --reason 'Wrong prices.'")
    desk.ledger.coordination.open_breaker("promo", "401", now=now, base_ms=HOUR, longest_ms=HOUR)
    accept(desk, now, [NUMBER, "13800138001"])
    shown = row_of(desk.run("channels").output, "promo (default)")
    assert "paused until resumed: Wrong prices." in shown
    assert "stopped until" in shown
    waits = desk.run("channels").output.split("Waiting, and why")[1].splitlines()[2]
    assert waits.split() == ["promo", "tiny", "2", "pause", "resumed", "Wrong", "prices."]
    assert desk.run("channels resume promo").exit_code == 0
    shown = row_of(desk.run("channels list").output, "promo (default)")
    assert shown.split() == ["promo", "(default)", "Acme", "SMS", "tiny", "yes", "2", "0", "0", "yes"]
    assert "Waiting" not in desk.run("channels").output
    assert "no address" in row_of(desk.run("channels").output, "other")


def test_messages_are_found_by_number_and_shown_masked(desk: Desk) -> None:
    """The operator types the number; no output repeats it."""
    now = int(time.time() * 1000)
    accept(desk, now, [NUMBER])
    conclude(desk, now, NUMBER, reason=f"Number {NUMBER} is switched off.")
    for typed in (NUMBER, f"+86{NUMBER}", "138 0013 8000"):
        told = desk.run(f"messages '{typed}'").output.partition("Messages of 7 days")[2]
        shown = row_of(told, "promo")
        assert "138******00" in shown
        assert shown.split()[4:7] == ["3", "undeliverable", "MK:0001"]
        assert "20260001" in shown  # the outId stays readable
        assert NUMBER not in shown
    assert "none" in desk.run("messages 13900139000").output
    assert desk.run(f"messages {NUMBER} --channel other").output == "Messages of 7 days: none\n"
    for span, found in (("--since 2020-01-01", True), ("--until 2020-01-01", False), ("--days 1", True)):
        assert ("20260001" in desk.run(f"messages {NUMBER} {span}").output) == found, span
    assert desk.run(f"messages {NUMBER} --days 1 --since 2020-01-01").exit_code == 2


def test_messages_tell_of_what_waits(desk: Desk) -> None:
    """Why and until when, also of what is being called; and of files, whose rest nobody knows."""
    accept(desk, int(time.time() * 1000), ["13900139000", NUMBER])
    desk.run("campaigns pause 20260001 --reason 'Wrong text.'")
    shown = row_of(desk.run(f"messages {NUMBER}").output, "promo")
    assert shown.split()[1] == "138******00"
    assert "campaign" in shown
    assert "Wrong text." in shown
    [one] = json.loads(desk.run(f"messages {NUMBER} --json").output)["waiting"]
    assert (one["waits_for"], one["words"], one["until"]) == ("campaign", "Wrong text.", None)
    assert one["campaign"]["name"] == "20260001"
    assert desk.run("messages 13900139001").output == "Messages of 7 days: none\n"
    for number in (NUMBER, "13900139001"):
        assert number not in desk.run(f"messages {number} --json").output


def test_push_lists_and_replays_what_was_given_up(desk: Desk) -> None:
    """A dead letter is shown with its error and waits again after a replay."""
    now = int(time.time() * 1000)
    ended = Ended(NUMBER, MessageStatus.DELIVERED, now, now, "", "")
    desk.ledger.write(
        lambda connection: enqueue_receipts(connection, Scope("promo", now), {"20260001": [ended]})
    )
    assert row_of(desk.run("push").output, "promo").split()[1] == "1"
    [job] = desk.ledger.write(
        lambda connection: desk.ledger.outbox.claim(
            connection, Scope("promo", now), Holder("me", HOUR), jobs=1, size=500
        )
    )
    desk.ledger.outbox.finish([], [PutBack(job, now, f"500 for {NUMBER}", dead=True)], now)
    [letter] = desk.ledger.outbox.given_up(["promo"])
    shown = row_of(desk.run("push list --channel promo").output, str(letter.id))
    assert "receipts" in shown
    assert "500 for 138******00" in shown
    none = "0 callbacks are pushed again. None that was given up fits."
    assert desk.run("push replay --channel other").output == f"{none}\n"
    assert "1 callbacks" in desk.run(f"push replay {letter.id}").output
    assert desk.ledger.outbox.given_up(["promo"]) == []
    waits = f"{none} 1 entries wait already and are pushed by themselves, the first now.\n"
    for again in ("--all", "--channel promo", str(letter.id)):
        assert desk.run(f"push replay {again}").output == waits
    assert row_of(desk.run("push list").output, "promo").split()[4] == "now"
    desk.ledger.coordination.open_breaker("promo", "401", now=now, base_ms=HOUR, longest_ms=HOUR)
    later = datetime.fromtimestamp((now + HOUR) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    assert " ".join(row_of(desk.run("push list").output, "promo").split()[4:6]) == later
    assert f"the first {later}." in desk.run("push replay --all").output


def test_what_was_confirmed_is_pushed_again(desk: Desk) -> None:
    """A span in the bridge's time zone, or with an offset."""
    now = int(time.time() * 1000)
    accept(desk, now, [NUMBER])
    conclude(desk, now, NUMBER, reason="")
    for since in ("2020-01-01", "'2020-01-01 08:00'", "2020-01-01T08:00:00+08:00"):
        told = desk.run(f"push replay --channel promo --since {since}").output
        assert told == ("1 receipts and 0 replies are pushed again, and 0 callbacks that were given up.\n")
    told = desk.run("push replay --channel promo --since 2020-01-01 --until 2020-01-02").output
    assert told.startswith("0 receipts")
    assert row_of(desk.run("push").output, "promo").split()[1] == "3"


def test_suppression_is_added_shown_masked_and_removed(desk: Desk, tmp_path: Path) -> None:
    """Numbers come as arguments, from a file or from standard input."""
    (tmp_path / "numbers").write_text("+14155552671\n\n13900139000\n")
    assert "1 number is on" in desk.run(f"suppress add promo {NUMBER} --sign Acme").output
    assert "2 numbers" in desk.run(f"suppress add promo --file {tmp_path}/numbers").output
    assert "1 number is on" in desk.run("suppress add promo --file -", stdin="13700137000\n").output
    listed = desk.run("suppress list promo").output
    assert {"138******00", "+14*******71"} <= set(listed.split())
    assert listed.count("Acme") == 1
    assert "13800138000" not in listed
    found = desk.ledger.suppressions.among("promo", "Acme", [f"86{NUMBER}", "14155552671"])
    assert found == {f"86{NUMBER}", "14155552671"}
    assert "0 entries" in desk.run(f"suppress remove promo {NUMBER} --sign Other").output
    assert "1 entry was" in desk.run(f"suppress remove promo {NUMBER}").output
    assert "2 entries" in desk.run(f"suppress remove promo --file {tmp_path}/numbers").output


@pytest.mark.parametrize(
    ("command", "status", "reason"),
    [
        ("approve desk T1", ReviewStatus.APPROVED, ""),
        ("reject desk T1 --reason 'Name the shop.'", ReviewStatus.REJECTED, "Name the shop."),
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_a_manual_review_decides(
    desk: Desk, command: str, status: ReviewStatus, reason: str, kind: Kind
) -> None:
    """The marketer sees the decision and its reason; a digital template's carriers follow it."""
    desk.template("desk", "T1", kind)
    assert desk.run(f"templates {command}").exit_code == 0
    stored = desk.ledger.templates.get("desk", "T1")
    assert stored is not None
    assert (stored.status, stored.reason) == (status, reason)
    carriers = {carrier: review.status for carrier, review in stored.carriers.items()}
    assert carriers == (dict.fromkeys(Carrier, status) if kind is Kind.DIGITAL else {})


def test_templates_are_listed(desk: Desk) -> None:
    """One line each, long contents cut; options narrow the list."""
    desk.template("desk", "T1")
    desk.template("other", "T2")
    desk.run("templates approve desk T1")
    assert {"T1", "T2"} <= set(desk.run("templates").output.split())
    assert "T2" not in desk.run("templates list --channel desk").output
    assert "T1" not in desk.run("templates list --status pending").output
    assert "…" in row_of(desk.run("templates").output, "desk")
    desk.template("promo", "T3", Kind.DIGITAL)
    assert "png + Everything must go, ${name}!" in row_of(desk.run("templates").output, "promo")


def test_sign_prints_a_request_that_the_bridge_accepts(desk: Desk) -> None:
    """The printed signature verifies with the channel's key."""
    output = desk.run("sign promo /sms/x --method POST --data '{\"a\": 1}'").output
    assert output.startswith("curl -sS -X POST -H 'X-QA-Hmac-Signature: ")
    assert "--data-binary '{\"a\": 1}'" in output
    query = dict(pair.split("=") for pair in output.strip().strip("'").rpartition("?")[2].split("&"))
    signature = output.split("X-QA-Hmac-Signature: ")[1][:64]
    assert signature == signing.sign("promo-key-0123456789", query["timestamp"], query["nonce"])
    assert "http://127.0.0.1:8000/promo/sms/x?" in output
    for name in ("优 惠", "%E4%BC%98%20%E6%83%A0"):
        output = desk.run(f"sign promo '/sms/smsSign/{name}'").output
        assert "/promo/sms/smsSign/%E4%BC%98%20%E6%83%A0?timestamp=" in output, "an address that curl takes"


def test_plugins_are_shown_with_their_hooks(desk: Desk) -> None:
    """What a vendor can do is computed from its class."""
    output = desk.run("plugins").output
    shown = row_of(output, "vendor  reviewing")
    assert shown.endswith("check_channel, query_template, send_batch")
    assert "not verified" in shown


def test_each_account_is_shown_with_the_rung_of_its_plugin(desk: Desk) -> None:
    """Whoever runs the channel sees whether the kit has judged what it sends through."""
    output = desk.run("plugins").output
    assert "not verified" in row_of(output[output.index("Accounts") :], "promo")


@pytest.mark.parametrize(
    ("recipe", "told"),
    [("tencent", "gold"), ("bulksms", "silver"), ("vonage", "not verified with these settings (gold")],
)
def test_a_recipe_has_the_rung_of_its_own_table(recipe: str, told: str) -> None:
    """What one recipe has reached says nothing of another."""
    assert rung_with(discover().vendors["http"], {"recipe": recipe}).startswith(told)


def test_a_plugin_that_does_not_load_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are shown all the same; the reason holds no number."""
    points = [EntryPoint("cli", "cli_plugins", "bridge"), EntryPoint("gone", "gone_13800138000", "bridge")]
    monkeypatch.setattr(catalogue, "entry_points", lambda group: points)
    output = desk.run("plugins").output
    assert "gone cannot be used. It needs the Python package gone_138******00" in output
    assert row_of(output, "vendor  tiny")


def test_a_folder_that_cannot_be_made_is_one_sentence(desk: Desk) -> None:
    """What the operating system refuses is told with the file's name."""
    desk.write(CONFIG.replace("sqlite:///{folder}/bridge.db", "sqlite:////dev/null/bridge.db"))
    result = desk.run("channels")
    assert (result.exit_code, result.output) == (2, "Error: /dev/null: File exists.\n")


def test_gunicorn_is_set_by_the_file_beside_the_configuration(desk: Desk) -> None:
    """Without one there, by the bridge's own."""
    own = Path(__file__).parents[2] / "config" / "gunicorn.py"
    assert processes.gunicorn_file() == own
    (desk.folder / "gunicorn.py").touch()
    assert processes.gunicorn_file() == desk.folder / "gunicorn.py"


def row_of(output: str, start: str) -> str:
    """Return the line of a table that begins with a text."""
    [line] = [line for line in output.splitlines() if line.startswith(start)]
    return line


def accept(desk: Desk, now: int, phones: list[str]) -> None:
    new = NewSend(
        channel="promo",
        out_id="20260001",
        sign_name="Acme",
        template_code="T1",
        template='{"kind": "text", "type": 2, "code": "T1"}',
        digest=b"d",
        batches=[Recipients(phones)],
    )
    desk.ledger.sends.accept(new, Terms(now, now + HOUR, HOUR, 1000))


def conclude(desk: Desk, now: int, phone: str, *, reason: str) -> None:
    """A message that failed, as the worker records it."""
    [claimed] = desk.ledger.write(
        lambda connection: desk.ledger.batches.claim(
            connection, Scope("promo", now), Holder("me", HOUR), Callee("", ""), limit=1
        )
    )
    row = MessageRow(
        batch_id=claimed.id,
        seq=0,
        phone=phone,
        phone_key=phone_key("promo", f"86{phone}", now),
        status=MessageStatus.UNDELIVERABLE,
        vendor_id="v1",
        code="MK:0001",
        reason=reason,
        segments=3,
        sent=now,
        ended_at=now,
    )
    desk.ledger.write(lambda connection: insert_messages(connection, [row]))
