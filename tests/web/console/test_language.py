"""The catalogues hold every text of the console, and nothing that it does not say."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import bridge
from bridge.contract.wording import sentences
from bridge.plugin import Batch, DeliveryReceipt, MessageStatus, OutcomeUnknown, SubmitResult
from bridge.web.console.language import LANGUAGES, translations
from bridge.web.console.pages.audit import ACTS

from .phrases import CATALOGUES, read, written
from .scene import PHONES, Scene
from .test_pages import PAGES

_ACT = re.compile(r'''(?:Act|_act|_note)\([^()"]*"([a-z]+(?: [a-z]+)+)"''')
_PLACE = re.compile(r"%\(\w+\)s")


def forms(text: object) -> list[str]:
    """Return a text, or its forms by number."""
    return [str(one or "") for one in (text if isinstance(text, tuple | list) else [text])]


def ids(catalogue: Catalog) -> set[str]:
    return {forms(one.id)[0] for one in catalogue if one.id}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_no_text_is_untranslated(path: Path) -> None:
    """Nor fuzzy; what is not said any more goes. Run tests/web/console/phrases.py, then translate."""
    kept = read(path)
    assert ids(kept) == ids(written())
    for one in kept:
        assert not one.id or (all(forms(one.string)) and not one.fuzzy), one.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_have_the_same_places(path: Path) -> None:
    """A value that stands in the text stands in its translation."""
    for one in read(path):
        for text in forms(one.string):
            assert set(_PLACE.findall(text)) == set(_PLACE.findall(forms(one.id)[-1])), one.id


def test_every_language_has_its_catalogue() -> None:
    """English is what the code says."""
    assert {path.stem for path in CATALOGUES} == set(LANGUAGES) - {"en"}
    assert translations("en").gettext("Overview") == "Overview"
    assert translations("zh-CN").gettext("Overview") == "总览"


def test_every_act_has_its_phrase() -> None:
    """Whatever a service or the ledger writes into the audit."""
    root = Path(bridge.__file__).parent
    sources = [
        path.read_text("utf-8") for part in ("services", "ledger") for path in (root / part).rglob("*.py")
    ]
    found = {name for text in sources for name in _ACT.findall(text)}
    assert len(found) > 15
    assert found <= set(ACTS)


_BREAKS = "The connection to the vendor broke before its answer."
_SENTENCE = re.compile(r"\w+ \w+ \w+.*\.")
LOOKED_AT = [*(path for path, *_ in PAGES), "/console/campaigns/{other}"]


def _ledger_of_a_day(scene: Scene) -> dict[str, str]:
    """Have ends, attempts, reasons and acts in the bridge's own words on every page."""
    names = {"campaign": scene.house("Hello"), "template": scene.world.ledger.templates.list("promo")[0].code}
    scene.world.vendor.answer = _broken
    names["other"] = scene.other_campaign(names["template"])
    scene.world.hand_over()
    codes = ("MI:0061", "ZZ:17")
    [batch] = scene.world.vendor.batches[-1:]
    failed = [
        DeliveryReceipt(MessageStatus.UNDELIVERABLE, message_ref=message.ref, code=code)
        for message, code in zip(batch.messages, codes, strict=False)
    ]
    scene.world.services.receiving.store_reports(failed, [], "webhook")
    browser = scene.browser("admin")
    browser.get("/console")
    for deed in ("campaigns/{other}/pause", "channels/promo/pause"):
        assert browser.post(f"/console/{deed.format(**names)}").status_code == 303
    names["number"] = scene.sealed(PHONES[0].replace("138", "139"))
    names["values"] = scene.sealed(json.dumps([{"name": "Anna"}, PHONES[0]]))
    return names


def _broken(batch: Batch) -> list[SubmitResult]:
    raise OutcomeUnknown(_BREAKS, code="CONNECTION_LOST")


def test_no_page_keeps_an_english_sentence(scene: Scene) -> None:
    """Of those that the catalogues hold, also where values stand in them."""
    names = _ledger_of_a_day(scene)
    known = {*ids(read(CATALOGUES[0])), *sentences("zh-CN")}
    known = {one for one in known if _SENTENCE.fullmatch(one)}
    patterns = [re.compile(r"\S+".join(map(re.escape, _PLACE.split(one)))) for one in known]
    english, chinese = (scene.browser("admin", language) for language in ("en", "zh-CN"))
    told = ""
    for path in LOOKED_AT:
        told += unescape(english.get(path.format(**names)).text)
        shown = unescape(chinese.get(path.format(**names)).text)
        assert [
            one for pattern in patterns for one in re.findall(rf".{{0,80}}(?:{pattern.pattern})", shown)
        ] == [], path
    for sentence in (
        _BREAKS,
        "The carrier's network was congested.",
        "Paused by an operator.",
        "code ZZ:17.",
    ):
        assert sentence in told
