"""Digital templates: refused when they are created if no recipient could ever get them."""

from dataclasses import replace
from typing import Any

import pytest
import responses

from bridge.plugin import Carrier, DigitalPart, ReviewStatus, TemplateType
from bridge.plugin.http import AddressRefused
from bridge.testing import digital_template

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
