"""`sms-bridge init` judges each answer at its question, and ends in the reader's language."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.asking.language import speaker

from .test_init import BEGINNINGS, options, place, run

__all__ = ["place"]

WRONG: dict[str, tuple[list[str], list[str]]] = {
    "nothing given": (["--no-ask"], ["--platform-name", "--quick-audience", "--vendor", "--public-url"]),
    "settings missing": (
        ["--vendor", "tencent", "--no-ask"],
        ["--set id=... ", "--set key=...", "--set app_id=...", "the SdkAppId of the SMS application"],
    ),
    "no such vendor": (["--vendor", "acme"], ["no vendor or recipe acme", "aliyun", "tencent"]),
    "the vendor of recipes": (["--vendor", "http"], ["http works with recipes: name", "tencent"]),
    "a vendor without a name": (["--vendor", ""], ["There is no vendor or recipe"]),
    "a slip of the pen": (["--vendor", "tencnt"], ["no vendor or recipe tencnt. Did you mean tencent?"]),
    "capital letters": (["--vendor", "Aliyun"], ["Did you mean aliyun?"]),
    "no address for the carrier": (
        ["--vendor", "sandbox", "--set", "url=nonsense"],
        ["--set url=...: A carrier's address is http://HOST:PORT, without a query."],
    ),
    "what only looks like one": (
        ["--vendor", "sandbox", "--set", "url=http:8090"],
        ["--set url=...: A carr"],
    ),
    "no address of a region": (
        ["--vendor", "azure", "--set", "base_url=nonsense"],
        ["--set base_url=...: Base_url is no address such as https://api.vendor.example."],
    ),
    "two words for an address": (["--vendor", "azure", "--set", "base_url=https://a b"], ["is no address"]),
    "an id of another form": (
        ["--vendor", "twilio", "--set", "account_sid=AC1"],
        ["--set account_sid=...: "],
    ),
    "no table": (
        ["--vendor", "tencent", "--set", "sign_ids={ a"],
        ["--set sign_ids=...: This cannot be read"],
    ),
    "no such setting": (["--vendor", "tencent", "--set", "appid=1"], ["no setting appid", "app_id"]),
    "no value": (["--vendor", "tencent", "--set", "appid"], ["NAME=VALUE"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_missing_is_told_at_once(name: str, place: Path) -> None:
    """One sentence with what to say; nothing is written."""
    words, expected = WRONG[name]
    told = run("init", *words)
    assert told.exit_code == 2
    assert all(part in told.output for part in expected), told.output
    assert not list(place.iterdir())


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a callback that is no address": ({"--quick-audience": "beijing"}, "--quick-audience: This is neither"),
    "a database of another kind": ({"--database": "mysql://db/x"}, "--database: This is no database"),
    "a reserved name": ({"--channel": "hooks"}, "--channel: This cannot be a channel's name"),
    "a name of Chinese": ({"--channel": "中"}, "--channel: This cannot be a channel's name"),
    "a name of two words": ({"--channel": "A B"}, "--channel: This cannot be a channel's name"),
    "a name that is a path": ({"--channel": "../x"}, "--channel: This cannot be a channel's name"),
    "no name": ({"--channel": ""}, "--channel: This cannot be a channel's name"),
    "blanks for the platform": ({"--platform-name": " \t"}, "--platform-name: Write one line"),
    "two lines for the platform": ({"--platform-name": "A\nB"}, "--platform-name: Write one line"),
    "two lines for a signature": ({"--sign": "A\rB"}, "--sign: Write one line"),
    "brackets alone": ({"--sign": "【 】"}, "--sign: Write one line"),
    "a quote in the address": ({"--public-url": "https://a'b.example.com"}, "--public-url: This is no web"),
    "a variable in the path": ({"--public-url": "https://a.example.com/$HOME"}, "--public-url: This is no"),
    "a port that is none": ({"--public-url": "https://a.example.com:99999"}, "--public-url: This is no web"),
    "a callback of two words": ({"--quick-audience": "https://a b"}, "--quick-audience: This is neither"),
    "two lines for a database": ({"--database": "sqlite:///a\nb"}, "--database: This is no database"),
    "an address that is none": ({"--public-url": "sms.example.com"}, "--public-url: This is no web address"),
    "an open http": ({"--public-url": "http://sms.example.com"}, "--public-url: Over the Internet this must"),
    "an open http by number": (
        {"--public-url": "http://8.8.8.8"},
        "--public-url: Over the Internet this must",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_answer_writes_nothing(name: str, place: Path) -> None:
    """The configuration is tried before it is written."""
    words, expected = FAULTS[name]
    told = run("init", *options(BEGINNINGS["telnyx"], **words))
    assert told.exit_code == 2 and expected in told.output, told.output
    assert not list(place.iterdir())


def test_an_answer_is_judged_at_its_question(place: Path) -> None:
    """By the vendor's own rule, before the next is asked; and asked again."""
    words = options(BEGINNINGS["sandbox"])
    index = words.index("--set", words.index("--vendor"))
    given = [word for word in words[index:] if word.startswith("key=")]
    told = run("init", *words[:index], "--set", *given, "--ask", stdin="nonsense\nhttp://127.0.0.1:8090\n\n")
    assert told.exit_code == 0, told.output
    assert told.output.count("url: Where the carrier listens") == 2
    assert told.output.index("http://HOST:PORT") < told.output.rindex("url: Where the carrier listens")
    written = tomllib.loads((place / "bridge.toml").read_text())
    assert written["channels"]["promo"]["settings"]["url"] == "http://127.0.0.1:8090"


SAID = {
    "ended": ([], "Ended before its last question: nothing was written."),
    "refused": (["--vendor", "acme"], "Error: "),
}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("name", SAID)
def test_its_end_is_in_the_readers_language_too(name: str, language: str, place: Path) -> None:
    """Also in the words that click would have for it."""
    words, sentence = SAID[name]
    told = run("init", "--language", language, "--ask" if name == "ended" else "--no-ask", *words, stdin="")
    assert told.exit_code in (1, 2)
    assert speaker(language)(sentence) in told.output
    assert (speaker(language)(sentence) == sentence) is (language == "en")
    assert "Abort" not in told.output and ("Error" in told.output) is (
        sentence == "Error: " and language == "en"
    )
