"""Digital templates: refused when they are created if no recipient could ever get them."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import requests
import responses

from bridge.channels.hooks import Hooks
from bridge.plugin import Carrier, DigitalPart, ReviewStatus, TemplateType
from bridge.plugin.http import AddressRefused, FetchFailed
from bridge.testing import digital_template
from bridge_twilio import media

from .samples import vendor

URL = "https://media.example.com"
JPEG = "image/jpeg"
Served = tuple[str, int, str]


def part(name: str) -> DigitalPart:
    return DigitalPart(name.rpartition(".")[2], name, url=f"{URL}/{name}")


def text(content: str) -> DigitalPart:
    return DigitalPart("txt", text=content)


@pytest.mark.parametrize(
    ("parts", "served", "reason"),
    [
        ([text("Hi"), part("a.jpg")], [("a.jpg", 4_999_999, JPEG)], ""),
        (
            [part("a.jpg")],
            [("a.jpg", 5_000_001, JPEG)],
            "A jpg file is larger than Twilio's limit of 5000 KB.",
        ),
        ([part("a.mp4")], [("a.mp4", 500_000, "video/mp4")], ""),
        (
            [part("a.mp4")],
            [("a.mp4", 500_001, "video/mp4")],
            "A mp4 file is larger than Twilio's limit of 500 KB.",
        ),
        (
            [part("a.png")],
            [("a.png", 9, "application/octet-stream")],
            "A png file is served as application/octet-stream: Twilio would refuse it.",
        ),
        (
            [part("a.jpg"), part("b.gif")],
            [("a.jpg", 3_000_000, JPEG), ("b.gif", 2_000_001, "image/gif")],
            "The files together are larger than Twilio's limit of 5 MB.",
        ),
        ([part(f"{number}.jpg") for number in range(11)], [], "Twilio takes at most 10 media in a message."),
        ([text("x" * 800), text("y" * 800)], [], "The texts together are longer than 1600 characters."),
        ([part("a.zip")], [], "Twilio takes no files of type zip."),
        ([text("Hi")], [], ""),
    ],
)
@responses.activate
def test_the_files_are_measured(parts: list[DigitalPart], served: list[Served], reason: str) -> None:
    """Size and type as they are, whatever Quick Audience declared."""
    for name, size, kind in served:
        responses.get(f"{URL}/{name}", body=b"x" * size, content_type=kind)
    plugin = vendor()
    template = digital_template(parts, type=TemplateType.INTERNATIONAL)
    created = plugin.create_digital_template(plugin.channel, template)
    status = ReviewStatus.REJECTED if reason else ReviewStatus.APPROVED
    assert (created.status, created.reason) == (status, reason)
    kept = digital_template(parts, state=created.state or "")
    review = plugin.query_digital_template(plugin.channel, kept)
    assert (review.status, review.reason, set(review.carriers)) == (status, reason, set(Carrier))
    plugin.close()


@pytest.mark.parametrize(
    ("settings", "status"),
    [({}, ReviewStatus.REJECTED), ({"mms_countries": ["CN"]}, ReviewStatus.APPROVED)],
)
def test_mainland_recipients_never_get_mms(settings: dict[str, Any], status: ReviewStatus) -> None:
    """A domestic digital template is refused with the reason, unless the operator knows better."""
    plugin = vendor(**settings)
    created = plugin.create_digital_template(plugin.channel, digital_template([text("Hi")]))
    assert created.status is status
    assert bool(created.reason) is (status is ReviewStatus.REJECTED)
    plugin.close()


@pytest.mark.parametrize(
    ("changes", "sign_name", "withheld", "reason"),
    [
        pytest.param({}, "Acme", False, "", id="a service carries MMS"),
        pytest.param({}, "Cafe", False, "cannot send MMS", id="an alphanumeric sender does not"),
        pytest.param({}, "【Cafe】", False, "cannot send MMS", id="nor in brackets"),
        pytest.param({}, "Nobody", False, "no Twilio sender", id="a signature without a sender"),
        pytest.param({}, "", False, "", id="no signature named"),
        pytest.param({"senders": {"Cafe": {"from": "CAFE"}}}, "Cafe", True, "", id="no sender carries MMS"),
        pytest.param({"mms_countries": []}, "Acme", True, "", id="no country gets MMS"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_creation(
    changes: dict[str, Any], sign_name: str, withheld: bool, reason: str
) -> None:
    """With the reason; where nothing digital can be sent at all, the channel does not offer it."""
    plugin = vendor(**changes)
    assert Hooks(plugin).supports("send_digital_batch") is not withheld
    assert Hooks(plugin).supports("create_digital_template") is not withheld
    assert Hooks(plugin).supports("send_batch")
    if not withheld:
        template = replace(
            digital_template([text("Hi")], type=TemplateType.INTERNATIONAL), sign_name=sign_name
        )
        created = plugin.create_digital_template(plugin.channel, template)
        assert created.status is (ReviewStatus.REJECTED if reason else ReviewStatus.APPROVED)
        assert reason in created.reason
    plugin.close()


class _Breaking:
    """An answer whose body breaks off in the middle."""

    status_code = 200
    headers: Mapping[str, str] = {}

    def iter_content(self, size: int) -> Iterator[bytes]:
        yield b"x"
        raise requests.exceptions.ChunkedEncodingError("reset")


def test_a_download_that_breaks_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the file's host's trouble, not the plugin's."""
    monkeypatch.setattr(media, "open_url", lambda *args, **kwargs: nullcontext(_Breaking()))
    plugin = vendor()
    with pytest.raises(FetchFailed, match="broke off"):
        plugin.create_digital_template(
            plugin.channel, digital_template([part("a.jpg")], type=TemplateType.INTERNATIONAL)
        )
    plugin.close()


@responses.activate
def test_measuring_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick Audience waits for the answer: all files of a template together have a minute."""
    monkeypatch.setattr(media, "_MEASURE_S", -1.0)
    responses.get(f"{URL}/a.jpg", body=b"x" * 100_000, content_type=JPEG)
    plugin = vendor()
    with pytest.raises(FetchFailed, match="too long"):
        plugin.create_digital_template(
            plugin.channel, digital_template([part("a.jpg")], type=TemplateType.INTERNATIONAL)
        )
    plugin.close()


def test_media_are_fetched_by_https_only() -> None:
    """Unless the channel allows private addresses."""
    plugin = vendor()
    strict = replace(plugin.channel, allow_private=False)
    template = digital_template(
        [DigitalPart("jpg", url="http://media.example.com/a.jpg")], type=TemplateType.INTERNATIONAL
    )
    with pytest.raises(AddressRefused):
        plugin.create_digital_template(strict, template)
    plugin.close()
