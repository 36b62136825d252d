"""`sms-bridge init`: a configuration that works, for every vendor and recipe."""

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.channels import discover
from bridge.cli import main
from bridge.cli.asking.interview import lacking
from bridge.cli.asking.language import speaker
from bridge.plugin import Beginning
from bridge.services.setup import beginning as first
from bridge.settings import load

KNOWN = first.known()
BEGINNINGS = {name: one for name, (_, one) in KNOWN[0].items()}
ANSWERS = {
    "account_sid": "AC" + "0" * 32,
    "senders": '{ "Acme" = { from = "+12025550100" } }',
    "url": "http://127.0.0.1:8090",
    "base_url": "https://api.example.com",
    "channels": '{ "Acme" = "csms12345678" }',
}
"""What the vendors whose settings have a form want; any text will do for all others."""
COMMON = {
    "--platform-name": 'Acme 短信 "1"',
    "--quick-audience": "shanghai",
    "--public-url": "https://sms.example.com/",
    "--sign": "Acme",
}
SECRET = "vendor-secret-0"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder to be in, without a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMS_BRIDGE_CONFIG", raising=False)
    monkeypatch.setattr(first, "known", lambda: KNOWN)  # reading every recipe each time is slow
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*words: str, stdin: str | None = None) -> Result:
    """Run one command; nothing may escape as a traceback."""
    result = CliRunner().invoke(main, words, input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def options(beginning: Beginning, **instead: str) -> list[str]:
    """Return every question's option."""
    return [
        *(word for pair in {**COMMON, **instead}.items() for word in pair),
        "--vendor",
        beginning.name,
        *(
            word
            for question in beginning.questions
            if question.needed
            for word in ("--set", _set(question.name, question.secret))
        ),
    ]


def _set(name: str, secret: bool) -> str:
    return f"{name}={SECRET if secret else ANSWERS.get(name, 'anything')}"


def environment(folder: Path) -> dict[str, str]:
    """Return the file env as systemd reads it."""
    lines = [line for line in (folder / "env").read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def work_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next commands find what was written."""
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SMS_BRIDGE_CONFIG", str(folder / "bridge.toml"))


@pytest.mark.parametrize("name", BEGINNINGS)
def test_every_vendor_and_recipe_begins_and_passes_check(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From options alone to a configuration without a fault, whatever the vendor."""
    told = run("init", *options(BEGINNINGS[name]))
    assert told.exit_code == 0, told.output
    text = (place / "bridge.toml").read_text()
    assert SECRET not in text + told.output
    assert (place / "env").stat().st_mode & 0o777 == 0o600
    work_with(place, monkeypatch)
    assert run("db", "upgrade").exit_code == 0
    checked = run("check")
    assert checked.exit_code == 0 and "No fault." in checked.output, checked.output
    for value in environment(place).values():
        assert value not in text
        assert len(value) >= 32 or value == SECRET
    channel = tomllib.loads(text)["channels"]["promo"]
    assert (channel["platform_name"], channel["default_sign"]) == (COMMON["--platform-name"], "Acme")
    for shown in (*_form(environment(place)), *_webhooks(name)):
        assert shown in told.output, told.output


def _form(keys: dict[str, str]) -> Iterator[str]:
    yield from (COMMON["--platform-name"], "https://sms.example.com/promo", keys["PROMO_KEY"])


def _webhooks(name: str) -> Iterator[str]:
    for line in BEGINNINGS[name].at_vendor:
        yield from (word.partition("}")[2] for word in line.split() if word.startswith("{hook_url}"))


def test_there_is_a_beginning_for_every_vendor_and_recipe() -> None:
    """What ships can be begun with."""
    recipes = {path.stem for path in (Path(__file__).parents[2] / "config" / "recipes").glob("*.toml")}
    assert set(BEGINNINGS) >= recipes | (set(discover().vendors) - {"http"})
    for beginning in BEGINNINGS.values():
        assert beginning.title and beginning.questions
        for question in beginning.questions:
            assert not question.needed or question.meaning != question.name.replace("_", " "), question


def test_questions_are_asked_one_after_the_other(place: Path) -> None:
    """Six questions and a signature; defaults are taken by an empty line, secrets are not echoed."""
    answers = ["Acme SMS", "zhangbei", "aliyun", "LTAI0", SECRET, "", "", "https://sms.example.com"]
    told = run("init", "--ask", stdin="\n".join([*answers, ""]))
    assert told.exit_code == 0, told.output
    assert SECRET not in told.output
    assert "The AccessKey id of a RAM user" in told.output
    tree = tomllib.loads((place / "bridge.toml").read_text())
    assert tree["bridge"]["database"] == "sqlite:///var/bridge.db"
    assert tree["bridge"]["public_url"] == "https://sms.example.com"
    assert tree["channels"]["promo"]["default_sign"] == "Acme SMS"
    assert environment(place)["PROMO_VENDOR_ACCESS_KEY_SECRET"] == SECRET


@pytest.mark.parametrize(
    ("folder", "database"),
    [
        ("/srv/bridge", "sqlite:///var/bridge.db"),
        ("/etc/sms-bridge", "sqlite:////var/lib/sms-bridge/bridge.db"),
        ("/etc/sms/promo", "sqlite:////var/lib/sms/promo/bridge.db"),
        ("/etc", "sqlite:////var/lib/sms-bridge/bridge.db"),
        ("/srv/../etc/sms", "sqlite:////var/lib/sms/bridge.db"),
    ],
)
def test_the_database_that_is_offered_is_one_that_a_service_may_write(folder: str, database: str) -> None:
    """Not in /etc: a service reads there and writes in /var/lib."""
    assert first.database_of(Path(folder)) == database


def test_what_services_write_is_not_kept_in_etc(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Database and metrics lie in /var/lib, by whole paths."""
    monkeypatch.setattr(first, "_ETC", str(place / "etc"))
    told = run("init", *options(BEGINNINGS["sandbox"]), "--folder", "etc/sms")
    assert told.exit_code == 0, told.output
    bridge = tomllib.loads((place / "etc/sms/bridge.toml").read_text())["bridge"]
    assert (bridge["database"], bridge["metrics_dir"]) == (
        "sqlite:////var/lib/sms/bridge.db",
        "/var/lib/sms/metrics",
    )
    assert "  /usr/local/bin/sms-bridge db upgrade\n" in told.output and "set -a" not in told.output


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_bad_answer_asks_that_question_again(
    language: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other answer is lost, and refusals are in the reader's language."""
    monkeypatch.setattr("bridge.cli.asking.command.lacking", lambda _, vendor: vendor == "aliyun")
    answers = [
        "a b",
        "promo",
        "  ",
        "Ac\x0bme",
        "Acme",
        "beijing",
        "上海",
        "twillio",
        "http",
        "aliyun",
        "twilio",
        "AC1",
        ANSWERS["account_sid"],
        SECRET,
    ]
    answers += [ANSWERS["senders"], "【】", "【Acme】", "mysql://x", ""]
    answers += ["sms.example.com", 'https://sms".example.com', "https://sms.example.com"]
    told = run("init", "--ask", "--channel", "中", "--language", language, stdin="\n".join([*answers, ""]))
    assert told.exit_code == 0, told.output
    channel = tomllib.loads((place / "bridge.toml").read_text())["channels"]["promo"]
    assert (channel["callback_url"], channel["vendor"], channel["default_sign"]) == (
        "shanghai",
        "twilio",
        "Acme",
    )
    assert channel["settings"]["account_sid"] == ANSWERS["account_sid"]
    assert ("This is neither" in told.output) is (language == "en")
    for text in REFUSALS:
        assert speaker(language)(text).partition("%")[0] in told.output, text
        assert (speaker(language)(text) == text) is (language == "en")
    assert "qa-sms-bridge[aliyun]" in told.output


REFUSALS = [
    "This cannot be a channel's name: write up to 32 of a-z, 0-9 and hyphen, none of the bridge's addresses.",
    "Write one line that is not empty.",
    "This is neither %(presets)s nor a web address (https://...).",
    "This is no web address: write one such as https://sms.example.com, without a query.",
    "This is no database: write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.",
]


# A package's extra -> whether something of it is missing here.
EXTRAS = [("aliyun", False), ("no-such-extra", False)]


@pytest.mark.parametrize(("extra", "missing"), EXTRAS)
def test_an_extra_that_is_missing_is_known_at_once(
    extra: str, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after the last question."""
    assert lacking("qa-sms-bridge", extra) is missing
    monkeypatch.setattr("bridge.cli.asking.interview.requires", lambda _: ['none-such>=1; extra == "aliyun"'])
    assert lacking("qa-sms-bridge", extra) is (extra == "aliyun")


def test_fresh_keys_each_time(place: Path) -> None:
    """No two bridges have a secret in common."""
    for folder in ("one", "two"):
        assert run("init", *options(BEGINNINGS["telnyx"]), "--folder", folder).exit_code == 0
    one, two = (environment(place / folder) for folder in ("one", "two"))
    assert one["PROMO_KEY"] != two["PROMO_KEY"] and one["PROMO_HOOK_TOKEN"] != two["PROMO_HOOK_TOKEN"]


def test_a_password_of_the_database_is_a_secret(place: Path) -> None:
    """It goes to the environment, as the key does."""
    url = "postgresql://bridge:s3cret@db.example.com/bridge"
    told = run("init", *options(BEGINNINGS["telnyx"], **{"--database": url}))
    assert told.exit_code == 0 and "s3cret" not in told.output + (place / "bridge.toml").read_text()
    assert environment(place)["SMS_BRIDGE_DATABASE"] == url


def test_what_is_printed_can_be_typed(place: Path) -> None:
    """The last lines are a shell's: they load env and name the configuration."""
    told = run("init", *options(BEGINNINGS["telnyx"]))
    lines = told.output.partition("\nThen\n")[2].splitlines()
    assert shlex.split(lines[1].strip())[1] == f"SMS_BRIDGE_CONFIG={place}/bridge.toml"
    assert re.search(r"\. (\S+);", lines[0])[1] == str(place / "env")  # type: ignore[index]


# The public address -> how many proxies are believed: https is spoken by one in front.
PROXIES = [
    ("https://sms.example.com", 1),
    ("http://127.0.0.1:8000", 0),
    ("http://10.1.2.3", 0),
    ("http://bridge:8000", 0),
    ("http://sms.corp.internal", 0),
]


@pytest.mark.parametrize(("address", "proxies"), PROXIES)
def test_the_proxy_in_front_is_believed(
    address: str, proxies: int, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else `allow_from` would see the proxy's address, and all who sign in would be limited together."""
    told = run("init", *options(BEGINNINGS["telnyx"], **{"--public-url": address}))
    assert told.exit_code == 0, told.output
    work_with(place, monkeypatch)
    assert load().bridge.trusted_proxies == proxies


# The variables of a shell and the option -> the language.
SHELLS: list[tuple[dict[str, str], list[str], str]] = [
    ({}, [], "en"),
    ({"LANG": "C.UTF-8"}, [], "en"),
    ({"LANG": "zh_CN.UTF-8"}, [], "zh-CN"),
    ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, [], "zh-CN"),
    ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, [], "en"),
    ({"LANG": "zh_CN.UTF-8"}, ["--language", "en"], "en"),
    ({}, ["--language", "zh-CN"], "zh-CN"),
]


@pytest.mark.parametrize(("variables", "words", "language"), SHELLS)
def test_it_speaks_the_language_of_the_shell(
    variables: dict[str, str], words: list[str], language: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And marketers read that of their channel."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told = run("init", *options(BEGINNINGS["aliyun"]), *words)
    assert ("在 Quick Audience：" in told.output) is (language == "zh-CN")
    assert ("At Quick Audience:" in told.output) is (language == "en")
    channel = tomllib.loads((place / "bridge.toml").read_text())["channels"]["promo"]
    assert channel.get("language", "en") == language


CHINESE = [
    *("aliyun", "baidu", "chuanglan_v1", "chuanglan_v2", "huawei", "huawei_wsse", "luosimao", "qiniu"),
    *("sandbox", "submail", "tencent", "ucloud", "volcengine", "yunpian", "yunxin"),
]


@pytest.mark.parametrize("name", CHINESE)
def test_what_a_vendor_of_china_asks_and_tells_is_said_in_chinese(name: str) -> None:
    """Names such as SecretKey stay; a sentence of English does not."""
    say = speaker("zh-CN")
    questions = [question.meaning for question in BEGINNINGS[name].questions if question.needed]
    for text in (*questions, *BEGINNINGS[name].at_vendor):
        if not text.startswith("{hook_url}") and "-m bridge_sandbox" not in text:
            assert say(text) != text, text
            assert not re.search(r"\b(the|of|for)\b", say(text)), say(text)


def test_the_sandbox_is_started_by_the_python_that_has_it() -> None:
    """A system may know `python3` alone, and not the bridge."""
    [line] = [line for line in BEGINNINGS["sandbox"].at_vendor if "-m" in line]
    assert shlex.split(line)[0] == sys.executable


# The address that was answered -> the port at which the carrier is to listen.
PORTS = [("http://127.0.0.1:8090", 8090), ("http://127.0.0.1:9123/", 9123), ("http://127.0.0.1", 80)]


@pytest.mark.parametrize(("url", "port"), PORTS)
def test_the_carrier_is_started_where_the_answer_says(url: str, port: int, place: Path) -> None:
    """Else the bridge calls nobody."""
    words = options(BEGINNINGS["sandbox"])
    told = run("init", *words, "--set", f"url={url}")
    assert told.exit_code == 0, told.output
    assert f"-m bridge_sandbox.carrier --database carrier.db --port {port}\n" in told.output


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_guide_s_answers_try_it_without_a_vendor(name: str, place: Path) -> None:
    """What it says to answer is all that is asked, its addresses in the order of the questions."""
    text = (Path(__file__).parents[2] / name).read_text()
    [line] = [line for line in text.splitlines() if line.startswith("   ") and "`sandbox`" in line]
    answered = dict(re.findall(r"`(url|key)`[^`]*(?:`(http[^`]+)`)?", line))
    quick_audience, public = [one for one in re.findall(r"`(http[^`]+)`", line) if one != answered["url"]]
    words = [*options(BEGINNINGS["sandbox"]), "--quick-audience", quick_audience, "--public-url", public]
    assert answered.keys() == {one.name for one in BEGINNINGS["sandbox"].questions if one.needed}
    result = run("init", *words, "--set", f"url={answered['url']}")
    assert result.exit_code == 0, result.output
    written = tomllib.loads((place / "bridge.toml").read_text())["channels"]["promo"]
    assert written["settings"]["url"] == answered["url"]
