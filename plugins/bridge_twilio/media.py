"""Digital messages as MMS: what Twilio would refuse is refused when the template is created.

Types and sizes: the `MediaUrl` field of the API definition and twilio.com/docs/messaging/guides/
accepted-mime-types, read 2026-11. Twilio fetches the media itself and checks their content type.
"""

import time
from collections.abc import Callable

import requests

from bridge.plugin import DigitalPart, DigitalTemplate, TemplateType
from bridge.plugin.http import FetchFailed, open_url

from .settings import TwilioSettings

MOST_MEDIA = 10
LONGEST_BODY = 1600
MB = 1_000_000
_OTHER_BYTES = 500_000
_MESSAGE_BYTES = 5 * MB
_PIECE = 16_384
_MEASURE_S = 60.0
"""For all files of a template: Quick Audience waits for the answer meanwhile."""

_SUFFIXES: dict[str, tuple[tuple[str, ...], int]] = {
    "jpg": (("image/jpeg", "image/jpg"), 5 * MB),
    "jpeg": (("image/jpeg", "image/jpg"), 5 * MB),
    "gif": (("image/gif",), 5 * MB),
    "png": (("image/png",), 5 * MB),
    "mp3": (("audio/mpeg", "audio/mp3"), _OTHER_BYTES),
    "amr": (("audio/amr",), _OTHER_BYTES),
    "mp4": (("video/mp4", "audio/mp4"), _OTHER_BYTES),
    "3gp": (("video/3gpp", "audio/3gpp"), _OTHER_BYTES),
}


def fault(template: DigitalTemplate, settings: TwilioSettings, allow_private: bool) -> str:
    """Return why no recipient could ever get the template, in a sentence; "" for no reason.

    Downloads the media to measure them; raises AddressRefused or FetchFailed when that is not possible.
    """
    media = [part for part in template.parts if part.suffix != "txt"]
    return _form_fault(template, media, settings) or _size_fault(media, allow_private)


def _form_fault(template: DigitalTemplate, media: list[DigitalPart], settings: TwilioSettings) -> str:
    if template.type is not TemplateType.INTERNATIONAL and "CN" not in settings.mms_countries:
        return "Twilio carries no digital messages to mainland China."
    if len(media) > MOST_MEDIA:
        return f"Twilio takes at most {MOST_MEDIA} media in a message."
    if len(template.content) > LONGEST_BODY:
        return f"The texts together are longer than {LONGEST_BODY} characters."
    for part in media:
        if part.suffix not in _SUFFIXES:
            return f"Twilio takes no files of type {part.suffix}."
    return ""


def _size_fault(
    media: list[DigitalPart], allow_private: bool, clock: Callable[[], float] = time.monotonic
) -> str:
    total = 0
    end = clock() + _MEASURE_S
    for part in media:
        types, most = _SUFFIXES[part.suffix]
        size, content_type = _measure(part.url, most, allow_private, lambda: clock() >= end)
        if size > most:
            return f"A {part.suffix} file is larger than Twilio's limit of {most // 1000} KB."
        if content_type not in types:
            return f"A {part.suffix} file is served as {content_type or 'no type'}: Twilio would refuse it."
        total += size
    return "" if total <= _MESSAGE_BYTES else "The files together are larger than Twilio's limit of 5 MB."


def _measure(url: str, most: int, allow_private: bool, over: Callable[[], bool]) -> tuple[int, str]:
    """Download a file. Returns its size, counted up to just over `most`, and its content type."""
    with open_url(url, allow_private=allow_private) as response:
        if response.status_code != 200:
            raise FetchFailed(f"The file's host answered with status {response.status_code}.")
        size = 0
        try:
            for piece in response.iter_content(_PIECE):
                size += len(piece)
                if size > most:
                    break
                if over():
                    raise FetchFailed("The files take too long to download.")
        except requests.RequestException:
            raise FetchFailed("The download broke off.") from None
        content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return size, content_type
