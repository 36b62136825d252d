"""The configuration file: what it may say, and how every fault in it is reported."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge import logs
from bridge.plugin import ReviewStatus
from bridge.settings import Settings, SettingsFaults, cautions, examine, load, warn

CHANNEL = """
[channels.promo]
platform_name = "Acme SMS"
key = "0123456789"
vendor = "sandbox"
callback_url = "shanghai"
"""
BASE = dict.fromkeys(("SECRET", "TOKEN"), "from-the-environment")


def written(folder: Path, text: str) -> Path:
    path = folder / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    return path


def settings_of(folder: Path, text: str) -> Settings:
    return load(written(folder, text), BASE)


def test_the_least_file_has_every_default(tmp_path: Path) -> None:
    """Three settings and an address suffice for a channel."""
    settings = settings_of(tmp_path, CHANNEL)
    assert settings.bridge.database == "sqlite:///var/bridge.db"
    assert settings.bridge.timezone == ZoneInfo("Asia/Shanghai")
    channel = settings.channels["promo"]
    assert channel.key.get_secret_value() == "0123456789"
    assert channel.callback_secret == "0123456789"
    assert (channel.receipts, channel.policies, channel.timezone) == ("push", (), None)


def test_references_are_resolved_everywhere(tmp_path: Path) -> None:
    """Variables and files, in every table, list and depth; files lie beside the configuration."""
    (tmp_path / "token").write_text("from-a-file\n")
    settings = settings_of(
        tmp_path,
        CHANNEL.replace('"0123456789"', '"env:SECRET"')
        + """
[channels.promo.settings]
token = "file:token"
deep = { list = [1, "env:TOKEN", { word = "file:token" }] }
""",
    )
    channel = settings.channels["promo"]
    assert channel.key.get_secret_value() == "from-the-environment"
    assert channel.settings == {
        "token": "from-a-file",
        "deep": {"list": [1, "from-the-environment", {"word": "from-a-file"}]},
    }


def test_signs_are_a_word_or_a_table(tmp_path: Path) -> None:
    """A local signature is its status alone, or a table with a reason."""
    signs = settings_of(
        tmp_path, CHANNEL + 'signs = { Acme = "approved", "B C" = { status = "rejected", reason = "No." } }\n'
    )
    read = signs.channels["promo"].signs
    assert (read["Acme"].status, read["Acme"].reason) == (ReviewStatus.APPROVED, "")
    assert (read["B C"].status, read["B C"].reason) == (ReviewStatus.REJECTED, "No.")


@pytest.mark.parametrize(
    ("line", "secret"),
    [("", "0123456789"), ('callback_key = "other-key"', "other-key"), ('callback_key = ""', "")],
)
def test_the_callback_key_is_the_key_unless_given(tmp_path: Path, line: str, secret: str) -> None:
    """An empty callback key turns the signing of callbacks off."""
    assert settings_of(tmp_path, CHANNEL + line).channels["promo"].callback_secret == secret


SECOND = CHANNEL.replace("promo", "other")

# Text behind the sound channel (or instead of it) -> (path, part of the fault) of every fault, in order.
ROWS: list[tuple[str, list[tuple[str, str]]]] = [
    ("", [("channels", "No channel is configured")]),
    ("channels = 3", [("channels", "No channel is configured")]),
    ("[channels]\npromo = 3", [("channels.promo", "This is not a table")]),
    ("bridge = 3" + CHANNEL, [("bridge", "This is not a table")]),
    ("[brigde]" + CHANNEL, [("brigde", "There is no such table")]),
    (CHANNEL + 'kye = "x"', [("channels.promo.kye", "no such setting. Did you mean key?")]),
    (CHANNEL + 'zzz = "x"', [("channels.promo.zzz", "no such setting. Remove it.")]),
    (
        "[channels.promo]",
        [
            ("channels.promo.platform_name", "missing. Add it: The API name typed"),
            ("channels.promo.key", "missing"),
            ("channels.promo.vendor", "missing"),
            ("channels.promo.callback_url", "no address to push them to"),
        ],
    ),
    (CHANNEL + 'hook_token = "env:NOPE"', [("channels.promo.hook_token", "variable NOPE is not set")]),
    (CHANNEL + 'settings.a.b = ["file:nope"]', [("channels.promo.settings.a.b[0]", "nope cannot be read")]),
    (
        CHANNEL + 'kye = "env:NOPE"',
        [("channels.promo.kye", "variable NOPE"), ("channels.promo.kye", "Did you mean key?")],
    ),
    (
        CHANNEL.replace("promo", "sms") + "push_batch = 501",
        [("channels.sms.push_batch", "less than or equal"), ("channels.sms", "This name is reserved")],
    ),
    (CHANNEL + 'hook_token = "short"', [("channels.promo.hook_token", "16 to 128 letters")]),
    (CHANNEL + 'hook_token = "with/slash-0123456789"', [("channels.promo.hook_token", "16 to 128 letters")]),
    (CHANNEL + 'allow_from = ["10.0.0.0/8", "x"]', [("channels.promo.allow_from[1]", "valid IPv4 or IPv6")]),
    (CHANNEL + 'timezone = "Mars/Base"', [("channels.promo.timezone", "Invalid timezone")]),
    (CHANNEL + 'review = "maybe"', [("channels.promo.review", "'auto' or 'manual'")]),
    (CHANNEL + "push_batch = 501", [("channels.promo.push_batch", "less than or equal to 500")]),
    (CHANNEL + "rate_per_s = -1", [("channels.promo.rate_per_s", "greater than or equal to 0")]),
    (CHANNEL + 'signs.A = "partial"', [("channels.promo.signs.A.status", "pending, approved or rejected")]),
    (CHANNEL + 'policies = ["a", "a"]', [("channels.promo.policies", "The policy a is named twice")]),
    (CHANNEL + "policy_settings.x.y = 1", [("channels.promo.policy_settings.x", "does not use")]),
    (CHANNEL.replace("shanghai", "beijing"), [("channels.promo.callback_url", "starts with https://")]),
    (CHANNEL.replace("shanghai", "http://qa"), [("channels.promo.callback_url", "is not https")]),
    (CHANNEL.replace("shanghai", ""), [("channels.promo.callback_url", "no address to push them to")]),
    (CHANNEL.replace("promo", "sms"), [("channels.sms", "This name is reserved")]),
    (CHANNEL.replace("promo", '"Big Name"'), [('channels."Big Name"', "cannot be a channel's name")]),
    (CHANNEL.replace("promo", "a" * 33), [(f"channels.{'a' * 33}", "cannot be a channel's name")]),
    (
        f"{CHANNEL}default = true\n{SECOND}default = true",
        [("channels.other.default", "The channel promo is the default already")],
    ),
    (
        '[bridge]\ndatabase = "mysql://x"' + CHANNEL,
        [("bridge.database", "sqlite:///PATH or postgresql://USER")],
    ),
    ('[bridge]\ndatabase = "sqlite:///:memory:"' + CHANNEL, [("bridge.database", "sqlite:///PATH")]),
    ('[bridge]\npublic_url = "sms.example.com"' + CHANNEL, [("bridge.public_url", "starts with https://")]),
    (
        '[bridge]\nlog_level = "LOUD"\nlease_s = 0\n' + CHANNEL + 'receipts = "pul"\nkye = "x"',
        [
            ("bridge.log_level", "'DEBUG', 'INFO'"),
            ("bridge.lease_s", "greater than 0"),
            ("channels.promo.receipts", "'push' or 'pull'"),
            ("channels.promo.kye", "Did you mean key?"),
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_every_fault_is_reported_at_once(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    """Each fault has its TOML path, the problem and what to do."""
    with pytest.raises(SettingsFaults) as caught:
        settings_of(tmp_path, text)
    faults = caught.value.faults
    assert [fault.path for fault in faults] == [path for path, _ in expected]
    for fault, (_, part) in zip(faults, expected, strict=True):
        assert part in str(fault)
        assert fault.advice


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"[bridge\nkey = 'sekret'", "(at line 1, column 8)."),
        (b"key = 1\nkey = 2", "This is not TOML: Cannot overwrite a value (at end of document)."),
        (b"key = \xff", "This is not TOML: It is not UTF-8 text."),
    ],
)
def test_an_unreadable_file_is_one_fault(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """The fault names the file and the place, and quotes no line of it."""
    path = tmp_path / "bridge.toml"
    if content is not None:
        path.write_bytes(content)
    settings, [fault] = examine(path, {})
    assert settings is None
    assert fault.path == str(path)
    assert problem in fault.problem
    assert "sekret" not in str(fault)


def test_the_variable_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path, SMS_BRIDGE_CONFIG is read; without that, config/bridge.toml."""
    path = written(tmp_path, CHANNEL)
    assert set(load(environ={"SMS_BRIDGE_CONFIG": str(path)}).channels) == {"promo"}
    monkeypatch.chdir(tmp_path)
    _, [fault] = examine(environ={})
    assert fault.path == "config/bridge.toml"


def test_secrets_are_known_and_never_shown(tmp_path: Path) -> None:
    """Keys, tokens, the database's password and a plugin's references are secrets; no repr shows one."""
    settings = settings_of(
        tmp_path,
        '[bridge]\ndatabase = "postgresql+psycopg://bridge:pa%2Fss@db/sms"\n'
        + CHANNEL
        + 'hook_token = "0123456789abcdef"\ncallback_key = "callback-key"\n'
        + 'settings.token = "env:TOKEN"\nsettings.plain = "in-the-file"\n',
    )
    secrets = {"0123456789", "0123456789abcdef", "callback-key", "from-the-environment", "pa%2Fss", "pa/ss"}
    assert settings.secrets() == secrets
    shown = repr(settings) + str(settings)
    assert not [secret for secret in {*secrets, "in-the-file"} if secret in shown]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHANNEL, []),
        (CHANNEL.replace("0123456789", ""), ["channels.promo.key", "channels.promo.callback_url"]),
        (CHANNEL.replace("0123456789", "") + 'callback_key = "k"', ["channels.promo.key"]),
        (CHANNEL + 'unknown_policy = "resend"', ["channels.promo.unknown_policy"]),
        ("[bridge]\nlease_s = 89\n" + CHANNEL, ["bridge.lease_s"]),
        ("[bridge]\nlease_s = 90\nretention_days = 3\n" + CHANNEL, []),
        ("[bridge]\nretention_days = 2\n" + CHANNEL, ["channels.promo.reply_window_h"]),
    ],
)
def test_risky_settings_are_cautioned(tmp_path: Path, text: str, expected: list[str]) -> None:
    """What works but deserves a look is no fault."""
    assert [caution.path for caution in cautions(settings_of(tmp_path, text))] == expected


def test_cautions_are_logged_at_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pushing without a key above all: nobody runs a check that nothing asks for."""
    logs.configure(form="json")
    warn(settings_of(tmp_path, CHANNEL.replace("0123456789", "")))
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(event["level"], event["setting"]) for event in logged] == [
        ("warning", "channels.promo.key"),
        ("warning", "channels.promo.callback_url"),
    ]


def test_faulty_settings_leave_a_base_for_later_checks(tmp_path: Path) -> None:
    """`examine` stands in for what is wrong, so that plugins can still be checked."""
    settings, faults = examine(written(tmp_path, CHANNEL + "push_batch = 0"), {})
    assert settings is not None
    assert settings.channels["promo"].push_batch == 500
    assert settings.channels["promo"].vendor == "sandbox"
    assert len(faults) == 1
