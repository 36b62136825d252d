"""Every call to Twilio, through its SDK. Imported, like the SDK itself, when a channel first uses it."""

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bridge.plugin import ConfigurationFault, NoSuchResource, OutcomeUnknown, VendorUnavailable
from bridge.plugin.http import CONNECT_TIMEOUT_S, Session, retry_after

from . import faults
from .faults import Answered
from .messages import MessageRecord
from .settings import TwilioSettings

HOSTS = frozenset({"api.twilio.com", "content.twilio.com", "messaging.twilio.com"})
_MOST_BYTES = 1 << 19
_MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")


class PinnedHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's HTTP client on a session of ours: timeouts, a pool for all threads, and known hosts only.

    Lists answer with absolute addresses of their next page, so swapping the SDK's base URLs is not enough to
    keep the credentials with an emulator: every address is checked, and moved to `base_url` if there is one.
    """

    def __init__(self, *, base_url: str, timeout_s: float, threads: int) -> None:
        # The SDK writes numbers of list calls at INFO (9.13).
        logging.getLogger("twilio.http_client").setLevel(logging.WARNING)
        super().__init__(request_hooks={"response": self._note})
        self.timeout = (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        # A page of fifty messages with the longest texts has 300 kB.
        self.session = Session(threads=threads, timeout=self.timeout, max_answer=_MOST_BYTES)
        self._base = urlsplit(base_url) if base_url else None
        self._answers = threading.local()

    @property
    def last(self) -> Answered:
        """Return the head of the last answer to this thread."""
        return getattr(self._answers, "last", Answered())

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send as the SDK does, to the configured hosts only; raises ConfigurationFault for any other."""
        self._answers.last = Answered()
        return super().request(method, self._pinned(url), *args, **kwargs)

    def _note(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        self._answers.last = Answered(response.status_code, retry_after(response.headers.get("Retry-After")))

    def _pinned(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.netloc not in HOSTS:
            raise ConfigurationFault("Twilio named an address outside its own hosts; it was not called.")
        if self._base is None:
            return url
        return urlunsplit(parts._replace(scheme=self._base.scheme, netloc=self._base.netloc))


class TwilioAccount:
    """One Twilio account. Safe for threads; raises errors of `bridge.plugin` that quote no number."""

    def __init__(self, settings: TwilioSettings) -> None:
        self._overrides = settings.error_classes
        self._http = PinnedHttpClient(
            base_url=settings.base_url, timeout_s=settings.timeout_s, threads=settings.concurrency + 8
        )
        user, password = settings.credentials
        self._client = Client(
            user,
            password,
            settings.account_sid,
            http_client=self._http,
            # An empty mapping would let TWILIO_REGION and TWILIO_EDGE of the process choose other hosts.
            environment={"TWILIO_ACCOUNT_SID": settings.account_sid},
        )
        # Products are created on first use, which is not safe in threads (SDK 9.13).
        self._messages = self._client.api.v2010.accounts(settings.account_sid).messages
        self._numbers = self._client.api.v2010.accounts(settings.account_sid).incoming_phone_numbers
        self._contents = self._client.content.v1.contents
        self._messaging = self._client.messaging.v1

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.session.close()

    def send(self, **fields: Any) -> str:
        """Create one message. Returns its SID. OutcomeUnknown unless the answer is certain."""
        try:
            sid = self._messages.create(**fields).sid
        except Exception as error:  # noqa: BLE001 - the SDK raises whatever its parsing meets
            raise faults.of_submission(error, self._overrides, self._http.last) from None
        if not isinstance(sid, str) or not _MESSAGE_SID.fullmatch(sid):
            raise OutcomeUnknown("Twilio's answer holds no message id.", code="UNREADABLE_ANSWER")
        return sid

    def message(self, sid: str) -> MessageRecord:
        """Return one message by its SID."""
        return _record(self._read(self._messages(sid).fetch))

    def messages_to(self, to: str, limit: int) -> list[MessageRecord]:
        """Return the newest messages to a number or address, newest first."""
        # No date filter: Twilio filters by date_sent, which is empty while a message is queued.
        found = self._read(lambda: self._messages.list(to=to, limit=limit, page_size=limit))
        return [_record(instance) for instance in found]

    def ask_anything(self) -> None:
        """Make the cheapest call that proves the credentials; standard API keys may make it too."""
        self._read(lambda: self._messages.list(limit=1, page_size=1))

    def owns_number(self, number: str) -> str:
        """Return the SID of an own phone number. Raises NoSuchResource."""
        found = self._read(lambda: self._numbers.list(phone_number=number, limit=1, page_size=1))
        if not found:
            raise NoSuchResource("The Twilio account has no such phone number.", code="20404")
        return str(found[0].sid)

    def service(self, sid: str) -> Any:
        """Return a messaging service. Raises NoSuchResource."""
        return self._read(self._messaging.services(sid).fetch)

    def campaigns(self, service_sid: str) -> Sequence[Any]:
        """Return the A2P 10DLC campaigns of a messaging service."""
        return self._list(self._messaging.services(service_sid).us_app_to_person.list)

    def brand(self, sid: str) -> Any:
        """Return an A2P brand registration."""
        return self._read(self._messaging.brand_registrations(sid).fetch)

    def toll_free_verifications(self, number_sid: str) -> Sequence[Any]:
        """Return the verifications of a toll-free number."""
        verifications = self._messaging.tollfree_verifications
        return self._list(lambda **page: verifications.list(tollfree_phone_number_sid=number_sid, **page))

    def alpha_senders(self, service_sid: str) -> Sequence[Any]:
        """Return the alphanumeric senders of a messaging service."""
        return self._list(self._messaging.services(service_sid).alpha_senders.list)

    def create_content(self, content: Mapping[str, Any]) -> str:
        """Publish a Content template. Returns its SID."""
        request = self._contents.ContentCreateRequest(dict(content))
        sid = self._change(lambda: self._contents.create(request)).sid
        if not isinstance(sid, str) or not _CONTENT_SID.fullmatch(sid):
            raise OutcomeUnknown("Twilio's answer holds no Content.", code="UNREADABLE_ANSWER")
        return sid

    def content(self, sid: str) -> Any:
        """Return a Content template. Raises NoSuchResource."""
        found = self._read(self._contents(sid).fetch)
        if found.sid != sid:
            raise VendorUnavailable("Twilio's answer holds no Content.", code="UNREADABLE_ANSWER")
        return found

    def delete_content(self, sid: str) -> None:
        """Delete a Content template. Raises NoSuchResource when it is gone already."""
        self._change(self._contents(sid).delete)

    def submit_approval(self, content_sid: str, name: str, category: str) -> None:
        """Hand a Content template in for WhatsApp's review."""
        approvals = self._contents(content_sid).approval_create
        request = approvals.ContentApprovalRequest({"name": name, "category": category})
        self._change(lambda: approvals.create(request))

    def approval(self, content_sid: str) -> Mapping[str, Any]:
        """Return WhatsApp's review of a Content template: `status`, `rejection_reason`, ..."""
        found = self._read(self._contents(content_sid).approval_fetch().fetch).whatsapp
        return found if isinstance(found, Mapping) else {}

    def _list(self, call: Callable[..., Any]) -> Sequence[Any]:
        # An explicit page size: without one the SDK asks for more than Twilio's maximum, without a limit
        # it follows pages for ever (9.13).
        found: Sequence[Any] = self._read(lambda: call(limit=200, page_size=100))
        return found

    def _read(self, call: Callable[[], Any]) -> Any:
        """Return a call that changes nothing: an unknown outcome is just no contact."""
        try:
            return self._change(call)
        except OutcomeUnknown as error:
            raise VendorUnavailable(error.reason, code=error.code) from None

    def _change(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the SDK raises whatever its parsing meets
            raise faults.of_resource(error, self._http.last) from None


def _record(instance: Any) -> MessageRecord:
    sid = str(instance.sid or "")
    return MessageRecord(
        sid=sid if _MESSAGE_SID.fullmatch(sid) else "",
        status=str(instance.status or ""),
        error_code=str(instance.error_code or ""),
        direction=str(instance.direction or ""),
        from_=str(instance.from_ or ""),
        service_sid=str(instance.messaging_service_sid or ""),
        body=str(instance.body or ""),
        num_media=int(instance.num_media or 0),
        date_created=instance.date_created,
        date_updated=instance.date_updated,
        price=str(instance.price or ""),
        currency=str(instance.price_unit or ""),
    )
