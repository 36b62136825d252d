"""The configuration file: what it may say, and how every fault in it is reported."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge import logs
from bridge.plugin import ReviewStatus
from bridge.settings import Settings, SettingsFaults, cautions, examine, load, load_for_ledger, warn

CHANNEL = """
[channels.promo]
platform_name = "Acme SMS"
key = "0123456789"
vendor = "sandbox"
callback_url = "shanghai"
"""
CAP = """policies = ["frequency"]
[[channels.promo.policy_settings.frequency.caps]]
messages = 1
hours = {}
"""
BASE = dict.fromkeys(("SECRET", "TOKEN"), "from-the-environment") | {
    "EMPTY": "",
    "BLANK": " \t",
    "QUOTED": "''",
    "QUOTED_BLANK": '" "',
}


def written(folder: Path, text: str) -> Path:
    path = folder / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "empty").write_text("\n")
    return path


def settings_of(folder: Path, text: str) -> Settings:
    return load(written(folder, text), BASE)


def test_the_least_file_has_every_default(tmp_path: Path) -> None:
    """Three settings and an address suffice for a channel."""
    settings = settings_of(tmp_path, CHANNEL)
    assert settings.bridge.database == f"sqlite:///{tmp_path}/var/bridge.db"
    assert settings.bridge.metrics_dir == f"{tmp_path}/var/metrics"
    assert settings.bridge.timezone == ZoneInfo("Asia/Shanghai")
    channel = settings.channels["promo"]
    assert channel.accepted_keys == ("0123456789",)
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
    assert channel.accepted_keys == ("from-the-environment",)
    assert channel.settings == {
        "token": "from-a-file",
        "deep": {"list": [1, "from-the-environment", {"word": "from-a-file"}]},
    }


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ('"0123456789"', ("0123456789",)),
        ('["0123456789"]', ("0123456789",)),
        ('["env:SECRET", "0123456789"]', ("from-the-environment", "0123456789")),
        ('""', ()),
    ],
)
def test_keys_are_one_or_a_list(tmp_path: Path, written: str, keys: tuple[str, ...]) -> None:
    """The first signs, all are accepted, and all are secret."""
    settings = settings_of(tmp_path, CHANNEL.replace('"0123456789"', written))
    channel = settings.channels["promo"]
    assert channel.accepted_keys == keys
    assert channel.callback_secret == (keys[0] if keys else "")
    assert set(keys) <= settings.secrets()


@pytest.mark.parametrize(
    "written",
    ["[]", '["a", "a"]', '["a", ""]', "7", '["env:MISSING", "a"]', '[""]', '" "', '["\\u3000"]', '"\\u200b"'],
)
def test_lists_of_keys_that_turn_nothing_off(tmp_path: Path, written: str) -> None:
    """An empty key among others would let anybody in."""
    with pytest.raises(SettingsFaults, match=r"channels\.promo\.key"):
        settings_of(tmp_path, CHANNEL.replace('"0123456789"', written))


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
    ("[bridge]\nchunk_rows = 5" + CHANNEL, [("bridge.chunk_rows", "It is called batch_rows now.")]),
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
    *(
        (CHANNEL + f'{setting} = "{reference}"\n', [(f"channels.promo.{setting}", fault)])
        for setting in ("hook_token", "callback_key", "settings.token")
        for reference, fault in (
            ("env:EMPTY", "EMPTY is set but empty"),
            ("env:BLANK", "BLANK is set but empty"),
            ("env:QUOTED", "QUOTED is set but empty"),
            ("env:QUOTED_BLANK", "QUOTED_BLANK is set but empty"),
            ("file:empty", "empty is empty"),
        )
    ),
    (
        CHANNEL.replace('key = "0123456789"', 'key = "env:EMPTY"'),
        [("channels.promo.key", "EMPTY is set but empty")],
    ),
    ('[bridge]\ndatabase = "env:EMPTY"' + CHANNEL, [("bridge.database", "EMPTY is set but empty")]),
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


LIKE_REFERENCES = [
    "$X",
    "${X}",
    "${ X }",
    "$(X)",
    "%X%",
    "{{ X }}",
    "ENV:X",
    "Env:X",
    " env:X",
    "env=X",
    "FILE:x",
    "FILE:/run/secrets/x",
    "file=/run/secrets/x",
    "file = x",
    "env.NAME",
    "ENV.NAME",
    "`cat x`",
    "`X`",
    "#{X}",
    "@/run/secrets/k",
    "@./k",
    "!env X",
    "!ENV X",
]
UNLIKE_REFERENCES = ["a$X", "100%", "env", "environment:X", "{x}", "env:SECRET", "$", "a@/b", "#X"]
UNREPLACED = ("channels.promo.callback_key", "channels.promo.settings.a[0].b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHANNEL, []),
        (CHANNEL.replace("0123456789", ""), ["channels.promo.key", "channels.promo.callback_url"]),
        (CHANNEL.replace("0123456789", "") + 'callback_key = "k"', ["channels.promo.key"]),
        (CHANNEL + 'unknown_policy = "resend"', ["channels.promo.unknown_policy"]),
        *(
            (CHANNEL + f'callback_key = "{text}"\nsettings.a = [{{ b = "{text}" }}]', [*UNREPLACED][:count])
            for texts, count in ((LIKE_REFERENCES, 2), (UNLIKE_REFERENCES, 0))
            for text in texts
        ),
        (CHANNEL + SECOND.replace("0123456789", "another"), []),
        (CHANNEL + SECOND, ["channels.other.key"]),
        (CHANNEL + 'callback_key = "k"\n' + SECOND.replace("0123456789", "k"), ["channels.other.key"]),
        (CHANNEL + 'callback_key = "0123456789"', []),
        (
            CHANNEL
            + 'hook_token = "0123456789abcdef"\n'
            + SECOND.replace("0123456789", "another")
            + 'hook_token = "0123456789abcdef"',
            ["channels.other.hook_token"],
        ),
        (
            CHANNEL.replace("0123456789", "0123456789abcdef") + 'hook_token = "0123456789abcdef"',
            ["channels.promo.hook_token"],
        ),
        ("[bridge]\nlease_s = 89\n" + CHANNEL, ["bridge.lease_s"]),
        ("[bridge]\nlease_s = 90\nretention_days = 3\n" + CHANNEL, []),
        ("[bridge]\nretention_days = 2\n" + CHANNEL, ["channels.promo.reply_window_h"]),
        ("[bridge]\nretention_days = 7\n" + CHANNEL + CAP.format(168), []),
        (
            "[bridge]\nretention_days = 7\n" + CHANNEL + CAP.format(169),
            ["channels.promo.policy_settings.frequency.caps"],
        ),
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


SECRETS = CHANNEL.replace('"0123456789"', '"env:SECRET"')


def _with_file(folder: Path, lines: str, mode: int = 0o600) -> Path:
    (folder / "env").write_text(lines)
    (folder / "env").chmod(mode)
    return written(folder, f'[bridge]\nenv_file = "env"\n{SECRETS}')


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("# Ours.\nSECRET=from-the-file\n", "from-the-file"),
        ("SECRET='a b=c'", "a b=c"),
        ('export SECRET="0123456789"', "0123456789"),
    ],
)
def test_a_file_of_variables(tmp_path: Path, lines: str, key: str) -> None:
    """A shell has what systemd gives services; the process's own variables come first."""
    path = _with_file(tmp_path, lines)
    assert load(path, {}).channels["promo"].signing_key == key
    assert load(path, {"SECRET": "0123456789"}).channels["promo"].accepted_keys == ("0123456789",)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700, 0o500])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it, and without what it holds."""
    with pytest.raises(SettingsFaults, match=r"bridge.env_file: .*\(mode 0\d.*chmod 0600") as refused:
        load(_with_file(tmp_path, "SECRET=0123456789", mode), {})
    assert "0123456789" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is told with its path."""
    path = written(tmp_path, f'[bridge]\nenv_file = "nowhere"\n{CHANNEL}')
    with pytest.raises(SettingsFaults, match=r"nowhere cannot be read"):
        load(path, {})


def test_the_ledger_needs_no_channels_secrets(tmp_path: Path) -> None:
    """Only its address; every other fault still counts."""
    assert list(load_for_ledger(written(tmp_path, SECRETS), {}).channels) == ["promo"]
    for text in (f'[bridge]\ndatabase = "env:DATABASE"\n{SECRETS}', f"{SECRETS}kye = 1\n"):
        with pytest.raises(SettingsFaults):
            load_for_ledger(written(tmp_path, text), {})
