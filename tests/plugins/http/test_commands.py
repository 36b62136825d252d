"""The commands by which an operator makes and mends a recipe without us."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge_http.commands import recipe
from bridge_http.masking import masked

from .making import HEAD, SEND


def run(*words: str) -> Result:
    """Run `sms-bridge recipe` with these words."""
    return CliRunner().invoke(recipe, list(words))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory whose recipes are beside its configuration."""
    (tmp_path / "recipes").mkdir()
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(tmp_path / "bridge.toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "recipes"


def test_a_check_prints_the_requests_byte_for_byte(folder: Path) -> None:
    """With the sample secrets shown by name."""
    result = run("check", "submail")
    assert result.exit_code == 0, result.output
    assert "POST https://api-v4.mysubmail.com/sms/multixsend.json" in result.output
    assert "appid=<secret.appid>&project=10001" in result.output
    assert "sample-appkey" not in result.output
    assert "13 of 13 samples hold" in result.output
    assert "not checked: live behaviour" in result.output


def test_all_recipes_are_checked_with_one_command() -> None:
    """Without a name every recipe is checked, in order."""
    result = run("check", "--quiet")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if ": caution: " not in line]
    assert len(lines) >= 18
    assert all(": ok, " in line for line in lines)


def test_a_faulty_recipe_is_told_with_file_key_and_reason(folder: Path) -> None:
    """All faults at once, and status 1."""
    text = (HEAD + SEND).replace("recipients |", "recipient |").replace("body.ok", "body..ok")
    (folder / "acme.toml").write_text(text, encoding="utf-8")
    result = run("check", "acme")
    assert result.exit_code == 1
    assert (
        "acme.toml: operations.send_batch.request.json.to: the name 'recipient' is not defined"
        in result.output
    )
    assert "acme.toml: operations.send_batch.response.accepted[0].path: is not a JMESPath" in result.output
    assert "1 of 1 recipes need mending" in result.output


FAMILIES = [
    ("[errors]\nQuota = { class = 'throttled' }", ""),
    ("[errors]\n'Quota*' = { class = 'throttled' }", ""),
    ("[errors]\nQuota = { class = 'throttled' }\n'Quota.*' = { class = 'throttled' }", ""),
    ("[errors]\n'Quota.*' = { class = 'throttled' }", '"Quota.*" does not hold for "Quota" itself'),
    ("[errors]\n'Quota.*' = { class = 'account' }\n'Quo*' = { class = 'account' }", ""),
    (
        "[errors]\nQuota = { class = 'throttled' }\n'Quota.Day' = { class = 'account' }",
        '"Quota" holds for that code alone: "Quota.*" would hold',
    ),
    (
        "[errors]\nquota = { class = 'throttled' }\n[[error_rules]]\nclass = 'account'\ncode = ['Quota.Day']",
        '"quota" holds for that code alone',
    ),
    ("[errors]\nQuota = { class = 'unknown' }\n'Quota.Day' = { class = 'account' }", ""),
    ("[errors]\nQuota = { class = 'throttled' }\nQuotaDay = { class = 'account' }", ""),
]


@pytest.mark.parametrize(("errors", "caution"), FAMILIES)
def test_half_a_family_of_codes_is_told(folder: Path, errors: str, caution: str) -> None:
    """Who writes `X` or `X.*` may mean both; what is in no table is an unknown outcome."""
    (folder / "acme.toml").write_text(f"{HEAD}{SEND}\n{errors}\n", encoding="utf-8")
    result = run("check", "--quiet", "acme")
    assert result.exit_code == 0, result.output
    assert caution in result.output if caution else "errors." not in result.output


WEBHOOK = """
[webhooks.receipt]
allow_unsigned = true
decode = ["json"]
items = { id = "id", status = "state" }
status = { ok = "delivered" }
"""
SAMPLE = """
[[samples]]
name = "taken"
call = "send_batch"
request = '''
POST https://api.acme.example/send
Content-Type: application/json; charset=utf-8

{"to":["+8613800138000"]}
'''
answer = '''
200

{"ok": true, "id": 1}
'''
results = ["accepted 1"]
"""

# (what is changed, what is told)
DIFFERENCES = [
    (("+8613800138000", "13800138000"), "request is not as expected"),
    (
        ("accepted 1", "accepted 2"),
        "results is not as expected\n--- expected\naccepted 2\n--- got\naccepted 1",
    ),
    (
        ('call = "send_batch"', 'call = "send_fax"'),
        "'send_fax' is no operation or poll; there are send_batch",
    ),
    (('call = "send_batch"', 'call = "token"'), "'token' is no operation or poll; there are send_batch"),
]


@pytest.mark.parametrize(("change", "told"), DIFFERENCES)
def test_a_sample_that_does_not_hold_shows_both_sides(
    folder: Path, change: tuple[str, str], told: str
) -> None:
    """Expected and got, under the sample's name."""
    (folder / "acme.toml").write_text(HEAD + SEND + SAMPLE.replace(*change), encoding="utf-8")
    result = run("check", "acme", "--quiet")
    assert result.exit_code == 1
    assert "sample 'taken': " in result.output
    assert told in result.output


def test_a_value_a_sample_lacks_is_a_fault_not_a_traceback(folder: Path) -> None:
    """A value that is needed as a table cannot be guessed."""
    recipe_text = (HEAD + SEND).replace("[secrets]", '[required]\nchannels = "numbers"\n[secrets]')
    (folder / "acme.toml").write_text(
        recipe_text.replace("request.json]", "request.json]\nfrom = '{{ settings.channels[sign_name] }}'"),
        encoding="utf-8",
    )
    result = run("check", "acme")
    assert result.exit_code == 1
    told = "send_batch: cannot be built from the sample values: operations.send_batch.request.json.from: "
    assert f"acme.toml: {told}'str object' has no attribute 'Acme'" in result.output
    assert "Traceback" not in result.output


TOKEN = """
[requests.auth]
scheme = "token"
path = "/token"
form = { grant_type = "client_credentials", client_secret = "{{ secret.key }}" }
"""
TOKEN_SAMPLE = """
[[samples]]
name = "a token"
call = "token"
request = '''
POST https://api.acme.example/token
Content-Type: application/x-www-form-urlencoded; charset=utf-8

grant_type=client_credentials&client_secret=sample-key
'''
answer = '''
200

{"access_token": "abc", "expires_in": 3600}
'''
results = ["abc for 3540 s"]
"""


def test_a_vendor_with_tokens_is_checked_like_any_other(folder: Path) -> None:
    """The request for the token is shown, and the others with a sample token."""
    sample = SAMPLE.replace("Content-Type", "Authorization: Bearer sample-token\nContent-Type")
    (folder / "acme.toml").write_text(HEAD + SEND + TOKEN + sample + TOKEN_SAMPLE, encoding="utf-8")
    result = run("check", "acme")
    assert "2 of 2 samples hold" in result.output, result.output
    assert "# token\nPOST https://api.acme.example/token" in result.output
    assert "client_secret=<secret.key>" in result.output


def test_recipes_of_all_folders_are_checked(folder: Path) -> None:
    """An operator's own and those that come with the bridge; the own wins over one of the same name."""
    (folder / "acme.toml").write_text(HEAD + SEND, encoding="utf-8")
    (folder / "bulksms.toml").write_text(HEAD, encoding="utf-8")
    result = run("check", "--quiet")
    assert f"{folder / 'acme.toml'}: ok" in result.output
    assert f"{folder / 'bulksms.toml'}: operations: there is none" in result.output
    assert "yunpian.toml: ok" in result.output


def test_a_saved_webhook_is_shown_as_it_is_read(tmp_path: Path) -> None:
    """Receipts, and the answer the vendor gets."""
    saved = tmp_path / "saved.txt"
    saved.write_bytes(
        b"POST /hooks/x/y/receipt HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
        b'[{"id":"301","to":"12025550123","status":{"type":"FAILED","subtype":"EXPIRED"},"userSuppliedId":"m1"}]'
    )
    result = run("try", "bulksms", "--webhook", str(saved))
    assert result.output.splitlines() == [
        "receipt: expired message_ref=m1 vendor_id=301 phone=+12025550123 code=EXPIRED",
        "answer: 200 text/plain; charset=utf-8 ''",
    ]


def test_a_recipe_that_asks_for_a_certificate_is_tried_without(folder: Path) -> None:
    """Samples never connect."""
    text = HEAD.replace("[secrets]", "client_certificate = true\n[secrets]") + SEND + WEBHOOK
    (folder / "acme.toml").write_text(text, encoding="utf-8")
    (folder / "saved.txt").write_text('POST /receipt\n\n{"id": "1", "state": "ok"}', encoding="utf-8")
    for words in (["check", "acme"], ["try", "acme", "--webhook", str(folder / "saved.txt")]):
        result = run(*words)
        assert result.exit_code == 0, result.output


def test_a_sample_secret_that_cannot_be_read_is_one_sentence(folder: Path) -> None:
    """For the samples of the file, and for a word of the command."""
    text = HEAD + SEND.replace("=recipients", "=[secret.key | b64d | hex] + recipients") + WEBHOOK
    (folder / "acme.toml").write_text(text + '[sample]\nsecrets = { key = "a2V5!" }\n', encoding="utf-8")
    (folder / "saved.txt").write_text("POST /receipt\n\n{}", encoding="utf-8")
    for words in (["check", "acme"], ["try", "acme", "--webhook", str(folder / "saved.txt")]):
        result = run(*words)
        assert result.exit_code == 1
        assert "acme.toml: sample values: secrets.key: is not base64, which the recipe reads" in result.output
        assert "validation error" not in result.output
        assert "a2V5!" not in result.output


# (recipe, saved request, extra words, what is told)
TRIES = [
    ("bulksms", "POST /other\n\n{}", [], "no webhook of this name"),
    ("bulksms", "POST /receipt\n\n{", [], "The webhook is not JSON."),
    ("bulksms", "hello", [], "the first line must be like: POST /receipt"),
    ("nobody", "POST /receipt\n\n{}", [], "there is no recipe of this name"),
    ("submail", "POST /event\n\nevents=delivered&token=t&signature=x", [], "signature is wrong"),
    ("submail", "POST /event\n\nevents=delivered&token=t&signature=cbdb7e81f11a2d4d3a4a3a1b1b2f2a55",
     ["--secret", "subhook=key"], "signature is wrong"),
    ("submail", "POST /event\n\n{}", ["--secret", "hook=key"],
     "hook is not a secret of this recipe; there are appid, appkey, subhook"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words", "told"), TRIES)
def test_a_webhook_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, text: str, words: list[str], told: str
) -> None:
    """One sentence, no traceback."""
    saved = tmp_path / "saved.txt"
    saved.write_text(text, encoding="utf-8")
    result = run("try", name, "--webhook", str(saved), *words)
    assert result.exit_code == 1
    assert told in result.output


def test_a_name_without_a_recipe_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every folder, in order, and what there is."""
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(tmp_path / "bridge.toml"))
    told = run("check", "nobody").output.replace("\n", "")
    assert f"there is no recipe of this name in {tmp_path / 'recipes'}, config/recipes, " in told
    assert "; there are " in told and "africastalking, " in told
    told = run("check", "nobody.toml").output.replace("\n", "")
    assert f"there is no such file, looked for from {Path.cwd()}" in told


# (saved body, what is told beside the answer)
UNREAD = [
    ('[{"to":"12025550123","status":{"type":"FAILED"}}]', "1 reports are left out: each names no message"),
    ("[]", "nothing is read from it"),
]


@pytest.mark.parametrize(("body", "told"), UNREAD)
def test_a_webhook_that_says_nothing_says_why(
    tmp_path: Path, body: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Silence would look like success."""
    saved = tmp_path / "saved.txt"
    saved.write_text(f"POST /receipt\nContent-Type: application/json\n\n{body}", encoding="utf-8")
    result = run("try", "bulksms", "--webhook", str(saved))
    assert told in result.output + caplog.text
    assert "bulksms.toml: nothing is read from it" in result.output


CONFIRM = """
confirm = { when = [{ path = "visit", present = true }], url = "visit", hosts = ["*.acme.example"] }
"""


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("a.acme.example", "confirm: the address it names is visited when all is stored"),
        ("evil.example", "open https://evil.example/x yourself if you expect it"),
    ],
)
def test_what_a_webhook_wants_visited_is_told(folder: Path, host: str, told: str) -> None:
    """A subscription that is confirmed brings no report, and is not nothing."""
    (folder / "acme.toml").write_text(HEAD + SEND + WEBHOOK.rstrip() + CONFIRM, encoding="utf-8")
    saved = folder / "saved.txt"
    saved.write_text(f'POST /receipt\n\n{{"visit":"https://{host}/x"}}', encoding="utf-8")
    result = run("try", "acme", "--webhook", str(saved))
    assert told in result.output
    assert "nothing is read" not in result.output


def test_a_signed_webhook_is_tried_with_its_secret(tmp_path: Path) -> None:
    """The real key verifies a real capture."""
    import hashlib

    saved = tmp_path / "saved.txt"
    proof = hashlib.md5(b"tthe-key").hexdigest()
    saved.write_text(f"POST /event\n\nevents=delivered&send_id=9&token=t&signature={proof}", encoding="utf-8")
    result = run("try", "submail", "--webhook", str(saved), "--secret", "subhook=the-key")
    assert result.output.startswith("receipt: delivered vendor_id=9\n")


def test_a_signature_that_expires_is_tried_at_its_own_time(tmp_path: Path) -> None:
    """MessageBird's token is good for a minute: a capture is older when somebody looks at it."""
    import hashlib

    import jwt

    key, at = "sample-signing-key-of-32-characters", 1_793_500_000
    url = "https://sms.acme.example/hooks/promo/token/receipt?id=1&reference=b1&recipient=12025550123&status=sent"
    hashed = hashlib.sha256(url.encode()).hexdigest()
    claims = {"iss": "MessageBird", "nbf": at, "exp": at + 60, "url_hash": hashed, "payload_hash": None}
    saved = tmp_path / "saved.txt"
    saved.write_text(
        f"GET {url.removeprefix('https://sms.acme.example')} HTTP/1.1\nHost: sms.acme.example\n"
        f"MessageBird-Signature-JWT: {jwt.encode(claims, key)}\n\n",
        encoding="utf-8",
    )
    words = ("try", "messagebird", "--webhook", str(saved), "--secret", f"signing_key={key}")
    assert "signature is wrong" in run(*words).output
    shown = run(*words, "--at", "2026-11-01T10:27:00+08:00").output
    assert shown.startswith("receipt: accepted batch_ref=b1 vendor_id=1"), shown


def test_a_new_recipe_passes_its_own_check(folder: Path) -> None:
    """It is a working start, in the folder beside the configuration, and never overwrites."""
    made = run("new", "globex")
    assert made.exit_code == 0, made.output
    assert (folder / "globex.toml").is_file()
    assert run("check", "globex").exit_code == 0
    assert "is there already" in run("new", "globex").output
    for name in ("Globex", "../globex", "glob ex", ""):
        assert run("new", name).exit_code == 1


def test_a_new_recipe_never_lands_among_those_of_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is made beside the configuration; where that cannot be, a sentence says so."""
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(tmp_path / "etc" / "bridge.toml"))
    assert run("new", "globex").exit_code == 0
    assert (tmp_path / "etc" / "recipes" / "globex.toml").is_file()
    (tmp_path / "file").touch()
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(tmp_path / "file" / "bridge.toml"))
    result = run("new", "globex")
    assert result.exit_code == 1
    assert "globex.toml cannot be written: Not a directory." in result.output


# (secret, text)
FORMS = [
    ("s3cret/key", "x=s3cret/key"),
    ("s3cret/key", "x=s3cret%2Fkey"),
    ("s3cret key", "x=s3cret+key"),
    ("s3cret", "x=czNjcmV0"),
    ("s3cret", "x=33e1b232a4e6fa0028a6670753749a17"),
    ('s3"cret', '{"x":"s3\\"cret"}'),
]


@pytest.mark.parametrize(("secret", "text"), FORMS)
def test_a_secret_is_masked_in_every_form(secret: str, text: str) -> None:
    """Plain, escaped, in base64, as MD5."""
    shown = masked(text, {"key": secret})
    assert "<secret.key>" in shown
    assert secret not in shown


def test_basic_credentials_are_masked() -> None:
    """User and password together are one base64 text."""
    assert masked("Authorization: Basic YTpi", {"user": "someone"}) == "Authorization: Basic <basic>"
