"""Digital templates: media fetched and handed in, reviewed by each carrier, replaced and deleted."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bridge.plugin import (
    BridgeError,
    Carrier,
    DigitalPart,
    DigitalTemplate,
    Outcome,
    ReviewStatus,
    UnsupportedOperation,
    VendorRejected,
)

from .conftest import Build, channel
from .emulator import Emulator
from .samples import SIGN, batch

PICTURE = bytes(range(256)) * 4
PENDING, APPROVED, PARTIAL, REJECTED = (
    ReviewStatus.PENDING,
    ReviewStatus.APPROVED,
    ReviewStatus.PARTIAL,
    ReviewStatus.REJECTED,
)


class _Media(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = PICTURE if self.path == "/picture.jpg" else b"x" * 2_000_000
        self.send_response(404 if self.path == "/gone.jpg" else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silence."""


@pytest.fixture
def media() -> Iterator[str]:
    """Yield the address of a host with a picture of one kilobyte and a film that is too large."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Media)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def digital(media: str, **fields: object) -> DigitalTemplate:
    """Return a digital template of a text and a picture."""
    parts = (
        DigitalPart("txt", "", "夏天到了，回复R退订"),
        DigitalPart("JPG", "sea.side.jpg", url=f"{media}/picture.jpg"),
    )
    base: dict[str, object] = {"code": "D1", "name": "summer", "parts": parts, "sign_name": SIGN}
    return DigitalTemplate(**(base | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("transport", ["body", "query"])
def test_a_template_is_handed_in(transport: str, media: str, aliyun: Emulator, build: Build) -> None:
    """Its parts arrive in order, measured, in base64, by either transport."""
    vendor = build(digital_template_transport=transport)
    created = vendor.create_digital_template(vendor.channel, digital(media, remark="a sale"))
    (params,) = aliyun.calls("CreateDigitalSmsTemplate")
    assert {name: params[name] for name in ("TemplateName", "Remark", "SignName")} == {
        "TemplateName": "summer",
        "Remark": "a sale",
        "SignName": SIGN,
    }
    template = aliyun.account.templates[created.vendor_code or ""]
    assert template.parts == [
        {"suffix": "txt", "name": "1", "bytes": "夏天到了，回复R退订".encode()},
        {"suffix": "jpg", "name": "sea.side", "bytes": PICTURE},
    ]
    assert created.status is PENDING


def test_large_media_pass_in_the_body(media: str, aliyun: Emulator, build: Build) -> None:
    """A template near the limit, 2.5 MB in base64, is handed in whole."""
    big = DigitalPart("txt", "", "字" * 600_000)
    vendor = build()
    parts = (big, digital(media).parts[1])
    created = vendor.create_digital_template(vendor.channel, digital(media, parts=parts))
    stored = aliyun.account.templates[created.vendor_code or ""].parts
    assert stored is not None and len(stored[0]["bytes"]) == 1_800_000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "a name of 21 letters!"}, "NAME_TOO_LONG"),
        ({"parts": (DigitalPart("txt", "", "x" * 1_900_001),)}, "MEDIA_TOO_LARGE"),
        ({"parts": (DigitalPart("mp4", "", url="{media}/film.mp4"),)}, "FETCH_FAILED"),
        ({"parts": (DigitalPart("jpg", "", url="{media}/gone.jpg"),)}, "FETCH_FAILED"),
        ({"parts": (DigitalPart("jpg", "", url="ftp://media.example/x"),)}, "ADDRESS_REFUSED"),
    ],
)
def test_what_is_not_handed_in(
    change: dict[str, object], code: str, media: str, aliyun: Emulator, build: Build
) -> None:
    """What Aliyun would refuse, or cannot be fetched, does not go out."""
    vendor = build()
    template = digital(media, **change)
    parts = tuple(replace(part, url=part.url.replace("{media}", media)) for part in template.parts)
    with pytest.raises(BridgeError) as refused:
        vendor.create_digital_template(vendor.channel, replace(template, parts=parts))
    assert refused.value.code == code
    assert aliyun.requests == []


@pytest.mark.parametrize("settings", [{"media_hosts": ["media.example"]}, {}], ids=["host", "private"])
def test_media_come_from_allowed_hosts(settings: dict[str, object], media: str, aliyun: Emulator) -> None:
    """Other hosts, and private addresses unless allowed, are refused."""
    from bridge_aliyun.vendor import Aliyun

    place = channel({"endpoint": aliyun.endpoint} | settings)
    vendor = Aliyun(place if settings else replace(place, allow_private=False))
    with pytest.raises(BridgeError) as refused:
        vendor.create_digital_template(vendor.channel, digital(media))
    assert refused.value.code == "ADDRESS_REFUSED"


MOBILE, UNICOM, TELCOM = Carrier.MOBILE, Carrier.UNICOM, Carrier.TELCOM


@pytest.mark.parametrize(
    ("status", "carriers", "whole", "each"),
    [
        (0, (0, 0, 0), PENDING, (PENDING, PENDING, PENDING)),
        (1, (1, 1, 1), APPROVED, (APPROVED, APPROVED, APPROVED)),
        (1, (1, 2, 0), PARTIAL, (APPROVED, REJECTED, PENDING)),
        (0, (2, 0, 2), PENDING, (REJECTED, PENDING, REJECTED)),
        (2, (2, 2, 15), REJECTED, (REJECTED, REJECTED, REJECTED)),
        (0, None, PENDING, (PENDING, PENDING, PENDING)),
        (1, None, APPROVED, (APPROVED, APPROVED, APPROVED)),
        (2, None, REJECTED, (REJECTED, REJECTED, REJECTED)),
        (10, None, REJECTED, (REJECTED, REJECTED, REJECTED)),
    ],
)
def test_reviews_by_carrier(
    status: int,
    carriers: tuple[int, int, int] | None,
    whole: ReviewStatus,
    each: tuple[ReviewStatus, ...],
    media: str,
    aliyun: Emulator,
    build: Build,
) -> None:
    """Aliyun's numbers for each carrier; without them the review as a whole stands for all."""
    vendor = build()
    code = vendor.create_digital_template(vendor.channel, digital(media)).vendor_code or ""
    names = ("MOBILE_VENDOR", "UNICOM_VENDOR", "TELECOM_VENDOR")
    template = aliyun.account.templates[code]
    template.status, template.reason = status, "blurred"
    template.carriers = dict(zip(names, carriers, strict=True)) if carriers else {}
    review = vendor.query_digital_template(vendor.channel, digital(media, vendor_code=code))
    assert review.status is whole
    assert tuple(review.carriers[name].status for name in (MOBILE, UNICOM, TELCOM)) == each
    if carriers == (2, 2, 15):
        assert review.carriers[UNICOM].reason == "blurred"
        assert review.carriers[TELCOM].reason == "The approval expired."


def test_an_edit_is_refused(media: str, aliyun: Emulator, build: Build) -> None:
    """Aliyun has no operation for it, and by default nothing is done behind Quick Audience's back."""
    vendor = build()
    with pytest.raises(UnsupportedOperation, match="create a new one"):
        vendor.update_digital_template(vendor.channel, digital(media, vendor_code="DIGITAL_SMS_0001"))
    assert aliyun.requests == []


def test_an_edit_creates_another(media: str, aliyun: Emulator, build: Build) -> None:
    """With digital_edit = "recreate" another takes over once a carrier approves it; deleting takes both."""
    vendor = build(digital_edit="recreate")
    old = vendor.create_digital_template(vendor.channel, digital(media)).vendor_code or ""
    aliyun.account.review(old, 1)
    template = digital(media, vendor_code=old, name="autumn")
    changed = vendor.update_digital_template(vendor.channel, template)
    assert changed.vendor_code is None and changed.state
    waiting = replace(template, state=changed.state)
    review = vendor.query_digital_template(vendor.channel, waiting)
    assert (review.status, review.vendor_code, review.state) == (PENDING, None, None)
    with pytest.raises(VendorRejected) as refused:
        vendor.delete_digital_template(vendor.channel, waiting)
    assert refused.value.code == "isv.ERROR_TEMPLATE_NOT_DELETE"

    aliyun.account.review(changed.state, 1, carriers={"MOBILE_VENDOR": 1, "UNICOM_VENDOR": 0})
    review = vendor.query_digital_template(vendor.channel, waiting)
    assert (review.status, review.vendor_code, review.state) == (PARTIAL, changed.state, "")
    assert vendor.delete_digital_template(vendor.channel, waiting) is True
    assert not {old, changed.state} & aliyun.account.templates.keys()
    assert vendor.delete_digital_template(vendor.channel, waiting) is True


def test_a_digital_send(media: str, aliyun: Emulator, build: Build) -> None:
    """Goes through the same calls with the digital template's code and its own signature."""
    vendor = build()
    code = vendor.create_digital_template(vendor.channel, digital(media)).vendor_code or ""
    template = digital(media, vendor_code=code)
    (early,) = vendor.send_digital_batch(vendor.channel, batch("13800138000", template=template))
    assert (early.outcome, early.code) == (Outcome.NOT_SENT, "isv.SMS_TEMPLATE_ILLEGAL")
    aliyun.account.review(code, 1)
    (result,) = vendor.send_digital_batch(vendor.channel, batch("13800138000", template=template))
    assert result.outcome is Outcome.ACCEPTED
    assert aliyun.account.messages[0].template_code == code
