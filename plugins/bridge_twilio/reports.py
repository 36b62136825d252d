"""What a status and an error code of Twilio say about a message, in callbacks and in look-ups alike."""

import logging
import re
from typing import NamedTuple

from bridge.plugin import MessageStatus

from . import codes

_MOST_WORDS = 100
_NUMBER = re.compile(r"[0-9]{1,9}")
_log = logging.getLogger(__name__)


class Report(NamedTuple):
    """What became of a message: the fields of a receipt that word and code decide.

    `unlisted` is a word that Twilio does not document.
    """

    status: MessageStatus
    code: str
    reason: str
    opted_out: bool
    unlisted: str = ""


class Reports:
    """Reads the words of one channel. A word that Twilio does not document is told once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def read(self, word: str, error_code: str) -> Report:
        """Read Twilio's status word and error code. Returns what they say of the message.

        The word decides. A success has neither error code nor sentence, whatever came with it; a word that is
        not documented counts as progress, because it proves acceptance.
        """
        word, error_code = word.strip().lower(), error_code.strip()
        number = int(error_code) if _NUMBER.fullmatch(error_code) else 0
        code = error_code if number else ""
        status = codes.STATUS.get(word)
        if status is None:
            self._tell(word)
            return Report(MessageStatus.ACCEPTED, code or word.upper()[:30], "", False, word[:30] or "(none)")
        if status is not MessageStatus.UNDELIVERABLE:
            done = status is MessageStatus.DELIVERED
            return Report(status, "DELIVERED" if done else code or word.upper(), "", False)
        if number in codes.ACCOUNT_FAULTS:
            _log.error("Messages fail until a person acts: %s %s", code, codes.delivery_reason(code))
        if number in codes.EXPIRED:
            status = MessageStatus.EXPIRED
        return Report(
            status,
            code or word.upper(),
            codes.delivery_reason(code),
            number in codes.DELIVERY_OPTED_OUT,
        )

    def _tell(self, word: str) -> None:
        if word not in self._told and len(self._told) < _MOST_WORDS:
            self._told.add(word)
            _log.warning("Messages have a status that the bridge does not know: %r", word[:30])
