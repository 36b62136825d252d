"""No full phone number and no secret in anything a bridge prints or answers, whatever happens.

A small campaign on real processes, with DEBUG logs and everything going wrong that may; then all of their
output is searched for every number in every spelling and for every secret in every form.
"""

import json
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from bridge.cli import main
from bridge.contract import signing
from bridge.ledger import Ledger
from bridge.plugin import TemplateType
from bridge.simulator.faults import FaultMode
from tests.campaign.carriers import SandboxCarrier
from tests.campaign.rig import KEY, Extra, Rig

from .channels import (
    DOMESTIC,
    FOREIGN,
    HOOK_TOKENS,
    HOSTILE,
    IN_A_FILE,
    NUMBERS,
    SECRETS,
    SPELLINGS,
    TYPED_SECRETS,
    UNSENT,
    channels,
    stored,
)
from .hostile import EchoVendor, install_gossip
from .leaks import leaks
from .spans import Collector

# Of two calls one goes wrong, in one way or another.
EVERY_SECOND = {
    "throttle": 0.1,
    "error_before": 0.1,
    "reset_before": 0.1,
    "lost_answer": 0.1,
    "garbled_after": 0.1,
    "error_after": 0.1,
    "receipts_twice": 0.3,
}

# What a log must hold, or the run was too kind to mean anything.
WORKER_EVENTS = [
    '"channel paused"',
    '"plugin failed"',
    '"batch held back"',
    '"push not taken"',
    '"Quick Audience refused our signature: pushing rests"',
    '"observer failed"',
    '"unknown": ',
    '"file read"',
    "RuntimeError: ",
    "KeyError: ",
    "LookupError: ",
    "138******",
    "+86*********",
    "008**********",
    "[hidden]",
]
WEB_EVENTS = [
    '"unknown route"',
    '"unknown channel"',
    '"request refused"',
    '"webhook rejected"',
    '"webhook not stored"',
    '"request failed"',
    '"unknown field ignored"',
    "139******",
]


# What the web's /metrics must show, most of it counted by the worker.
METRICS = [
    'sms_bridge_accepted_total{channel="promo",kind="text"}',
    'sms_bridge_dispatched_total{channel="promo"}',
    'sms_bridge_outcomes_total{channel="promo",outcome="accepted"}',
    'sms_bridge_outcomes_total{channel="gossip",outcome="unknown"}',
    'sms_bridge_finished_total{channel="promo",status="delivered"}',
    'sms_bridge_vendor_call_seconds_count{channel="promo",hook="send_batch"}',
    'sms_bridge_receipts_total{channel="promo",source="webhook"}',
    'sms_bridge_receipt_lag_seconds_count{channel="promo"}',
    'sms_bridge_pushed_total{channel="promo",kind="receipts"}',
    'sms_bridge_push_lag_seconds_count{channel="promo",kind="receipts"}',
    'sms_bridge_queue_depth{channel="nosy",state="ready"}',
    'sms_bridge_push_breaker_open{channel="gossip"} 1.0',
    'sms_bridge_channel_paused{channel="locked"}',
    "sms_bridge_live_workers 1.0",
    "sms_bridge_database_up 1.0",
]


# What spans must hold: of the web and of the worker, of calls that went well and ill.
SPANS = [
    "sms-bridge-web",
    "sms-bridge-worker",
    "sendList promo",
    "sendFile promo",
    "send_batch promo",
    "send_batch gossip",
    "push_receipts promo",
    "webhook promo",
    "messaging.batch.message_count",
    "error.type",
]


@pytest.mark.slow
def test_nothing_private_is_printed(
    database_url: str, tmp_path: Path, echo: EchoVendor, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By web, worker and commands; in logs, errors, traces, metrics and documents."""
    site, database_url = install_gossip(tmp_path), with_password(database_url)
    carrier = SandboxCarrier(tmp_path, per_call=20, latency_s=0)
    first = {"Authorization": "Bearer another-customer"}
    requests.put(f"{carrier.url}/accounts/taken", json={}, headers=first, timeout=10).raise_for_status()
    environ = {**SECRETS, "PYTHONPATH": str(site), **collector.environ}
    extra = Extra('log_format = "json"\nlog_level = "DEBUG"', channels(carrier.url, echo.url), environ)
    with Rig(database_url, carrier, tmp_path, workers=1, extra=extra) as rig:
        code = rig.template()
        set_faults(carrier, EVERY_SECOND)
        rig.callbacks.faults.set(FaultMode.ERROR_500, FaultMode.RESET, FaultMode.HTML, count=4)
        send(rig, code)
        for name in HOSTILE:
            send_to(rig, name)
        answers = bother(rig, code)
        [web], [worker] = rig.webs, rig.workers
        rig.await_(lambda: not missing(worker.log(), WORKER_EVENTS), 120, "all that may go wrong")
        set_faults(carrier, {})
        rig.fronts[0].send_list("task-4", DOMESTIC[:2], [{"name": "Anna"}] * 2, rig.carrier.sign, code)
        rig.await_(lambda: not missing(ask(rig, "GET", "/metrics").text, METRICS), 120, "all metrics")
        measured = ask(rig, "GET", "/metrics").text
        printed = {**answers, "metrics": measured, **commands(rig, environ, monkeypatch)}
        assert (worker.stop(), web.stop()) == (0, 0)
        printed |= {"web": web.log(), "worker": worker.log()}
        printed |= {"carrier": (tmp_path / "carrier.log").read_text(), "spans": collector.text()}
    assert missing(printed["web"], WEB_EVENTS) == missing(printed["worker"], WORKER_EVENTS) == []
    assert missing(printed["spans"], SPANS) == []
    assert [line for line in printed["worker"].splitlines() if not line.startswith("{")] == []
    password = make_url(database_url).password
    found = leaks(printed, NUMBERS, [*SECRETS.values(), *TYPED_SECRETS, *([password] if password else [])])
    assert found == []


def with_password(url: str) -> str:
    """Take any password, as a server does that trusts its callers."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql" and not parsed.password:
        parsed = parsed.set(password=secrets.token_urlsafe(16))
    return parsed.render_as_string(hide_password=False)


def missing(log: str, events: list[str]) -> list[str]:
    """Return the events that a log does not hold."""
    return [event for event in events if event not in log]


def set_faults(carrier: SandboxCarrier, faults: Mapping[str, float]) -> None:
    """From now on these go wrong at the carrier, and nothing else."""
    requests.put(f"{carrier.url}/faults", data=json.dumps(faults), timeout=10).raise_for_status()


def send(rig: Rig, code: str) -> None:
    """The channel that works: numbers in every spelling and in the values too, and a file with bad lines."""
    spelt = [SPELLINGS[index % len(SPELLINGS)](number) for index, number in enumerate(DOMESTIC)]
    for start in range(0, len(spelt), 20):
        part = spelt[start : start + 20]
        rig.fronts[0].send_list("task-1", part, [{"name": number} for number in part], rig.carrier.sign, code)
    lines = [f'{number},{{"name":"{number}"}}' for number in IN_A_FILE]
    lines += [f"{IN_A_FILE[0]}{{broken", f"call {IN_A_FILE[1]} instead"]
    rig.callbacks.shelf.put("list.txt", "\n".join(lines).encode())
    url = rig.callbacks.url + "/files/list.txt"
    rig.fronts[0].send_file("task-2", url, rig.carrier.sign, code, variables=True)


def send_to(rig: Rig, name: str) -> None:
    """A send to a channel where nothing works, its template put into the ledger by hand."""
    template = stored(name, TemplateType.INTERNATIONAL if name == "twilio" else TemplateType.PROMOTION)
    rig.ledger.templates.save(template)
    phones = FOREIGN
    if name != "twilio":
        phones = [spelling(number) for spelling, number in zip(SPELLINGS, DOMESTIC, strict=False)]
    body = {
        "outId": "task-3",
        "phoneNumberJson": phones,
        "templateParamJson": {"name": DOMESTIC[0]},
        "signName": "Acme",
        "templateCode": template.code,
    }
    answer = ask(rig, "POST", f"/{name}/sms/sendBatchList", json=body, key=SECRETS["OTHER_KEY"])
    assert answer.json()["code"] == "OK", answer.text


def ask(rig: Rig, method: str, path: str, *, key: str = KEY, **what: Any) -> requests.Response:
    """Return a request to the web, signed with a key."""
    base = rig.fronts[0].prefix.removesuffix("/promo")
    query, signature = signing.fresh(key, datetime.now(UTC))
    headers = {signing.HEADER: signature, **what.pop("headers", {})}
    return requests.request(method, base + path, params=query, headers=headers, timeout=30, **what)


def bother(rig: Rig, code: str) -> dict[str, str]:
    """Return everything a web may be asked that it cannot serve, and what it shows to all; its answers."""
    number, other, third = UNSENT
    forged = {"X-Carrier-Timestamp": "1", "X-Carrier-Signature": number}
    sending = {"outId": "task-9", "signName": "Acme", "templateCode": code, "phoneNumberJson": [number]}
    requests_made: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/promo/sms/replies/{number}", {}),
        ("POST", f"/promo/sms/{KEY}", {"json": {"phoneNum": number, f"+86{other}": 1}}),
        ("GET", f"/{number}/sms/smsSign/Acme", {}),
        ("GET", f"/promo/sms/smsSign/+86{number}", {"key": SECRETS["OTHER_KEY"]}),
        ("GET", f"/promo/sms/smsTemplate/{number}", {}),
        ("POST", "/promo/sms/sendBatchList", {"json": sending | {"templateParamJson": [1, {third: number}]}}),
        ("POST", "/promo/sms/sendBatchList", {"json": sending | {"outId": number * 30, "tel_no": number}}),
        ("POST", "/promo/sms/sendBatchList", {"data": f'{{"phoneNumberJson": "{number}'}),
        ("POST", "/promo/sms/sendBatch", {"json": sending | {"phoneOssUrl": f"ftp://{KEY}@host/{number}"}}),
        ("POST", f"/hooks/promo/{HOOK_TOKENS[0]}/reports", {"data": number, "headers": forged}),
        ("POST", f"/hooks/gossip/{HOOK_TOKENS[1]}/{number}", {"data": f"+86{number} {other}"}),
        ("POST", f"/hooks/promo/{KEY}", {"data": number}),
        *(("GET", path, {}) for path in ("/openapi.json", "/docs", "/healthz", "/readyz")),
    ]
    answers = {f"{method} {path}": ask(rig, method, path, **what) for method, path, what in requests_made}
    with cursed(rig.ledger, number):
        broken = ask(rig, "POST", "/promo/sms/sendBatchList", json=sending | {"phoneNumberJson": [other]})
        assert broken.json()["code"] == "INTERNAL_ERROR", broken.text
    answers["broken"] = broken
    return {
        name.partition(" ")[0] + str(index): shown(one) for index, (name, one) in enumerate(answers.items())
    }


def shown(answer: requests.Response) -> str:
    return f"{answer.status_code} {dict(answer.headers)} {answer.text}"


@contextmanager
def cursed(ledger: Ledger, number: str) -> Iterator[None]:
    """A database that refuses recipients, in words that no log should repeat."""
    words = f"no room for {number}"
    if ledger.database.sqlite:
        makes = [f"CREATE TRIGGER curse BEFORE INSERT ON batch BEGIN SELECT RAISE(ABORT, '{words}'); END"]
        ends = ["DROP TRIGGER curse"]
    else:
        body = f"BEGIN RAISE EXCEPTION USING MESSAGE = '{words}: ' || NEW::text; END"
        makes = [
            f"CREATE FUNCTION curse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            "CREATE TRIGGER curse BEFORE INSERT ON batch FOR EACH ROW EXECUTE FUNCTION curse()",
        ]
        ends = ["DROP TRIGGER curse ON batch", "DROP FUNCTION curse"]
    change(ledger, makes)
    try:
        yield
    finally:
        change(ledger, ends)


def change(ledger: Ledger, statements: list[str]) -> None:
    """Run statements in one transaction."""
    ledger.write(lambda connection: [connection.exec_driver_sql(statement) for statement in statements])


COMMANDS = [
    "channels",
    "channels pause promo --reason 'Ask {number}.'",
    "channels resume promo",
    "channels pause {number}",
    "messages {number}",
    "messages +86{number} --days {number}",
    "messages {number} --channel {number}",
    "messages 0{number}x",
    "messages {number} {number}",
    "push",
    "push replay {number}",
    "push replay --channel {number}",
    "suppress add promo {number}",
    "suppress list promo",
    "suppress add promo {number}-1",
    "suppress add promo --file /nowhere/{number}",
    "suppress remove promo {number}",
    "templates approve promo {number}",
    "{number}",
    "plugins",
    "db current",
    "sign promo /sms/smsSign/Acme",
    "sign {key}",
    "check",
    "check --live",
]


def commands(rig: Rig, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the operator's commands print, and those that fail above all; a faulty configuration last."""
    for name, value in {**environ, "SMS_BRIDGE_CONFIG": str(rig.folder / "bridge.toml")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(environ["PYTHONPATH"])
    printed = {command: run(command.format(number=DOMESTIC[0], key=KEY)) for command in COMMANDS}
    sound = (rig.folder / "bridge.toml").read_text()
    faulty = sound.replace("poll_s = 2", f'poll_s = "{KEY}"\nrate_per_s = "{DOMESTIC[0]}"')
    (rig.folder / "bridge.toml").write_text(faulty.replace('account = "taken"', f"account = {DOMESTIC[1]}"))
    printed["faulty"] = run("check")
    assert "channels.promo.poll_s" in printed["faulty"]
    return printed


def run(command: str) -> str:
    """Standard output and standard error of a command; nothing may escape it."""
    result = CliRunner().invoke(main, shlex.split(command))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output
