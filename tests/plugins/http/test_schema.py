"""A faulty recipe is refused when it is read, with file, key and reason, all faults at once."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bridge_http.faults import RecipeFaults
from bridge_http.folders import find
from bridge_http.reading import load
from bridge_http.recipe import Compiled
from bridge_http.settings import HttpSettings

from .making import HEAD, SEND, compiled

GOOD = HEAD + SEND
SENT = "operations.send_batch.request"
WEBHOOK = """
[webhooks.receipt]
allow_unsigned = true
decode = ["json"]
items = { id = "id", status = "status" }
status = { ok = "delivered" }
"""

# (the text, the key, the reason)
FAULTS = [
    (GOOD + "colour = 'red'\n", "operations.send_batch.response.colour", "is not a key a recipe has here"),
    (GOOD.replace('path = "/send"', ""), f"{SENT}.path", "is missing"),
    (GOOD.replace('"/send"', '"send"'), f"{SENT}.path", "begin with"),
    (GOOD.replace("ok = ", "ok = ").replace('in = ["true"]', "in = [0]"), None, "must be a text, in quotes"),
    (GOOD.replace('in = ["true"]', 'inn = ["true"]'), None, "is not a key"),
    (GOOD.replace('in = ["true"]', 'in = ["1"], present = true'), None, "exactly one of"),
    (GOOD.replace("body.ok", "body..ok"), "operations.send_batch.response.accepted[0].path", "JMESPath"),
    (GOOD.replace("recipients |", "recipient |"), f"{SENT}.json.to", "'recipient' is not defined"),
    (GOOD.replace('"https://api', '"ftp://api'), "vendor.base_url", "is not an address"),
    (GOOD.replace('"https://api', '"https://me:pw@api'), "vendor.base_url", "is not an address"),
    (GOOD.replace("Asia/Shanghai", "Asia/Atlantis"), "vendor.timezone", "is not a time zone"),
    (HEAD, "operations", "there is none"),
    (GOOD + "[batch]\nmax = 5\n", "batch", "leave `max` out"),
    (GOOD + "[errors]\n1 = { class = 'fatal' }\n", "errors.1.class", "'fatal' is none of 'throttled'"),
    (GOOD + "[operations.send_batch.request.form]\na = '1'\n", SENT, "more than one of"),
    (GOOD + "[operations.send_batch.request.headers]\n'X Y' = '1'\n", None, "is not a header name"),
    (GOOD + "[operations.send_batch.request.auth]\nscheme = 'basic'\nuser = 'x'\n", None, "is missing"),
    (GOOD + "[operations.send_batch.request.auth]\nscheme = 'magic'\n", None, "'magic'"),
    (GOOD + "[operations.send_batch.request.sign]\n"
     "scheme='tc3'\nservice='s'\nsecret_id='i'\nsecret_key='k'\n",
     f"{SENT}.sign", "X-TC-Timestamp"),
    (GOOD + WEBHOOK.replace("allow_unsigned = true\n", ""), "webhooks.receipt", "allow_unsigned"),
    (GOOD + WEBHOOK.replace('"delivered"', '"arrived"'), "webhooks.receipt.status.ok", "'arrived' is none"),
    (GOOD + WEBHOOK.replace('["json"]', '["yaml"]'), "webhooks.receipt.decode[0]", "'yaml' is none of"),
    (GOOD + WEBHOOK.replace('id = "id", ', ""), "webhooks.receipt.items", "must name its message"),
    (GOOD + WEBHOOK.replace("webhooks.receipt", "webhooks.other"), "webhooks.other", "needs kind"),
    (GOOD.replace("[operations.send_batch.request.json]",
                  'let = [{ a = "{{ b }}" }, { b = "{{ a }}" }]\n[operations.send_batch.request.json]'),
     f"{SENT}.let[0].a", "'b' is not defined"),
    (GOOD.replace("request.json]", "request.json]\nu = '{{ callback.receipt }}'"),
     f"{SENT}.json.u", "callback.receipt is not defined"),
    (GOOD + "decode = 'regex'\n", "operations.send_batch.response", "go together"),
    (GOOD + "decode = 'regex'\nregex = '('\n", "operations.send_batch.response.regex", "regular expression"),
    (GOOD.replace("accepted =", "acepted ="), None, "did you mean accepted?"),
    (GOOD.replace("[vendor]", "[vendor]\nrate_per_s = '5'"), "vendor.rate_per_s", "without quotes"),
    (GOOD.replace("accepted = [{", "accepted = {").replace("] }]", "] }"), None, "must be a list"),
    (GOOD.replace(".acme.example", ".acme.example:x"), "vendor.base_url", "is not an address"),
    (GOOD.replace("phone') | list", "phone') | map('shout') | list"), f"{SENT}.json.to", "no filter 'shout'"),
    (GOOD + f"[{SENT}.sign]\nscheme = 'sorted_params'\n", f"{SENT}.sign.into", "is missing"),
    (GOOD + "[operations.send_batch]\neach = 'message'\n", "operations.send_batch.each", "is for reconcile"),
    (GOOD + "[requests.headers]\nA = '{{ secret.kye }}'\n", "requests.headers.A", "secret.kye is not"),
    (GOOD + "[requests.auth]\nscheme = 'header'\nname = 'A'\nvalue = '{{ nobody }}'\n",
     "requests.auth.value", "'nobody'"),
    (GOOD + WEBHOOK + "time = { format = 'YYYY-MM-DD' }\n", "webhooks.receipt.time.format", "strptime"),
    (GOOD + WEBHOOK + "time = { format = '%H:%M' }\n", "webhooks.receipt.time.format", "strptime"),
    (GOOD + "[sample.settings]\nx = 1\n", "sample.settings.x", "is not a setting"),
    (GOOD + "[sample.secrets]\nx = '1'\n", "sample.secrets.x", "is not a secret"),
    (GOOD + "[[samples]]\nname = 'a'\n", "samples[0]", "needs either"),
    (GOOD + "[[samples]]\nname = 'a'\ncall = 'send_batch'\n", "samples[0]", "expects nothing"),
    (GOOD + "[[samples]]\nname = 'a'\nanswer = 'OK'\n", "samples[0].answer", "must be the status"),
    (GOOD + "[[samples]]\nname = 'a'\nwebhook = '/receipt'\n", "samples[0].webhook", "POST /receipt"),
    (GOOD + "[sample]\nrecipients = [{ phone = '+86138' }]\n", "sample.recipients[0].phone", "no number"),
    (GOOD.replace("request.json]",
                  "request.json]\na = { '$each' = 'recipients', '$as' = 'q', '$value' = '' }\nb = '{{ q }}'"),
     f"{SENT}.json.b", "'q' is not defined"),
    (GOOD.replace("send_batch", "query_sign"), "operations.query_sign.response.status", "a query needs it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "reason"), FAULTS)
def test_a_fault_names_file_key_and_reason(text: str, key: str | None, reason: str, tmp_path: Path) -> None:
    """An operator mends the file without us."""
    path = tmp_path / "acme.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeFaults) as caught:
        Compiled(load(path), str(path))
    faults = [fault for fault in caught.value.faults if reason in fault.reason]
    assert faults, caught.value.lines()
    if key is not None:
        assert key in {fault.key for fault in faults}
    assert all(line.startswith(f"{path}: ") for line in caught.value.lines())


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    """Three mistakes are three lines, not three rounds."""
    text = GOOD.replace("recipients |", "recipient |").replace("body.ok", "body..ok") + WEBHOOK.replace(
        "json", "yaml"
    )
    with pytest.raises(RecipeFaults) as caught:
        compiled(text)
    assert len(caught.value.faults) == 3


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    """The line of the mistake is part of the reason."""
    path = tmp_path / "bad.toml"
    path.write_text("[vendor]\nname = 000000\n", encoding="utf-8")
    with pytest.raises(RecipeFaults, match=r"bad.toml: is not TOML: .*line 2"):
        load(path)


def test_codes_with_leading_zeros_stay_as_they_are(tmp_path: Path) -> None:
    """000000 is not 0, and a number without quotes is a fault rather than a surprise."""
    good = compiled(GOOD.replace('in = ["true"]', 'in = ["000000"]'))
    condition = good.recipe.operations.send_batch.response.accepted[0]  # type: ignore[union-attr]
    assert condition.in_ == ["000000"]


def test_a_recipe_is_found_by_name_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the configuration first, then among those that ship."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "yunpian.toml").write_text(GOOD, encoding="utf-8")
    assert find("yunpian").parent.name == "recipes"
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(tmp_path / "bridge.toml"))
    assert find("yunpian") == tmp_path / "recipes" / "yunpian.toml"
    assert find("bulksms").is_file()
    for missing, told in (
        ("nobody", "there are .*bulksms, "),
        (str(tmp_path / "nobody.toml"), "no such file"),
    ):
        with pytest.raises(RecipeFaults, match=f"there is no.*{told}|{told}"):
            find(missing)


def test_settings_must_fit_the_recipe() -> None:
    """Every missing and every unknown secret and value is a fault under its own key."""
    with pytest.raises(ValidationError) as caught:
        HttpSettings(
            recipe="tencent", secrets={"id": SecretStr("i"), "kye": SecretStr("k")}, values={"regoin": "x"}
        )
    assert {error["loc"] for error in caught.value.errors()} == {
        ("secrets", "key"),
        ("secrets", "kye"),
        ("values", "app_id"),
        ("values", "regoin"),
    }
    assert "is missing: the SecretKey" in str(caught.value)


def test_settings_name_a_recipe_that_is_sound(tmp_path: Path) -> None:
    """A faulty recipe is a fault of the channel, with the recipe's own lines."""
    path = tmp_path / "acme.toml"
    path.write_text(GOOD.replace("recipients |", "recipient |"), encoding="utf-8")
    with pytest.raises(ValidationError, match=r"acme.toml: operations.send_batch.request.json.to"):
        HttpSettings(recipe=str(path), secrets={"key": SecretStr("k")})


def test_settings_hide_their_secrets() -> None:
    """Neither repr nor a fault shows one."""
    settings = HttpSettings(recipe="yunpian", secrets={"apikey": SecretStr("s3cret-key")})
    assert "s3cret-key" not in repr(settings)
    with pytest.raises(ValidationError) as caught:
        HttpSettings(recipe="yunpian", secrets={"apikey": SecretStr(""), "other": SecretStr("s3cret-key")})
    assert "s3cret-key" not in str(caught.value)


def test_a_vendor_with_addresses_of_its_own_needs_one() -> None:
    """Infobip gives every account a host."""
    with pytest.raises(ValidationError, match="base_url"):
        HttpSettings(recipe="infobip", secrets={"key": SecretStr("k")})
