"""Receipts and replies from Simple Message Queue (once MNS): authenticated, without an open port.

The queue gives a message again until it is deleted, so a page is deleted by the cursor of the next call:
by then the bridge has stored it. Only SmsReport and SmsUp exist here; reviews come by HTTP alone.
"""

import base64
import binascii
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import requests

from bridge.plugin import ConfigurationFault, CredentialsRejected, VendorUnavailable, WebhookResult
from bridge.plugin.http import Session

from . import reports
from .client import Client
from .settings import QueueSettings

Kind = Literal["SmsReport", "SmsUp"]

_BATCH = 16  # the most one receive or delete may carry
_TIMEOUT_S = (5.0, 30.0)
_MOST_BYTES = 4 << 20  # 16 messages of at most 64 kB, in base64 and XML
_TOKEN_LIFE_S = 600.0  # tokens live for an hour; half-used ones are replaced long before they end
_log = logging.getLogger(__name__)


class Queue:
    """One of the two queues. Used by one thread of one process at a time, as the bridge polls."""

    def __init__(
        self,
        kind: Kind,
        name: str,
        settings: QueueSettings,
        client: Client,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the queues, calling nothing. Raises ConfigurationFault when their SDK is not installed."""
        self._open_account, self._failed, self._unavailable = _sdk()
        self._kind = kind
        self._name = name
        self._settings = settings
        self._client = client
        self._clock = clock
        self._account: Any = None
        self._token_ends = 0.0

    def page(self, cursor: str) -> tuple[WebhookResult, str]:
        """Delete what `cursor` names, receive the next messages: their reports and the cursor for them."""
        self._delete(json.loads(cursor) if cursor else [])
        bodies: list[str] = []
        handles: list[str] = []
        while len(handles) < self._settings.messages_per_page:
            received = self._receive()
            bodies += [message.message_body for message in received]
            handles += [message.receipt_handle for message in received]
            if len(received) < _BATCH:
                break
        return reports.collect(map(_item, bodies)), json.dumps(handles) if handles else ""

    def _receive(self) -> Sequence[Any]:
        try:
            received: Sequence[Any] = self._opened().batch_receive_message(_BATCH)
        except self._failed as error:
            if error.type == "MessageNotExist":
                return ()
            raise self._translated(error) from None
        return received

    def _delete(self, handles: list[str]) -> None:
        for start in range(0, len(handles), _BATCH):
            try:
                self._opened().batch_delete_message(handles[start : start + _BATCH])
            except self._failed as error:
                if error.type not in ("MessageNotExist", "ReceiptHandleError"):
                    raise self._translated(error) from None
                # Their time ran out: they come again, and the bridge knows them.
                _log.info("%s: some messages were handed out again before they were deleted", self._kind)

    def _opened(self) -> Any:
        if self._account is None or self._clock() >= self._token_ends:
            self.close()
            token = self._client.generic(
                "QueryTokenForMnsQueue",
                query={"MessageType": self._kind, "QueueName": self._name},
                endpoint=self._settings.token_endpoint,
            )["MessageTokenDTO"]
            self._account = self._open_account(
                self._settings.endpoint,
                token["AccessKeyId"],
                token["AccessKeySecret"],
                token["SecurityToken"],
            )
            # The SDK's own gives an https connection no time-out, and none to an answer that trickles.
            self._account.mns_client.http = _Http(self._settings.endpoint, self._unavailable)
            self._token_ends = self._clock() + _TOKEN_LIFE_S
        queue = self._account.get_queue(self._name)
        queue.set_encoding(False)
        return queue

    def close(self) -> None:
        """Close the connection and drop the token."""
        if self._account is not None:
            self._account.mns_client.http.close()
            self._account = None

    def _translated(self, error: Any) -> Exception:
        self.close()
        if isinstance(error, self._unavailable):
            return VendorUnavailable("The queue could not be reached.", code="QUEUE_UNAVAILABLE")
        if error.type in ("QueueNotExist", "InvalidArgument"):
            return ConfigurationFault(f"The queue for {self._kind} does not exist.")
        return CredentialsRejected("The queue refused its token.", code=str(error.type))


class _Http:
    """Takes the place of the SDK's `mns.mns_http.MNSHttp`: every exchange ends, and so does its answer."""

    def __init__(self, endpoint: str, unavailable: type[Exception]) -> None:
        self._base = endpoint.rstrip("/")
        self._unavailable = unavailable
        self._session = Session(threads=1, timeout=_TIMEOUT_S, max_answer=_MOST_BYTES)

    def send_request(self, wanted: Any) -> "_Answer":
        """Make the SDK's request; raises its own network error."""
        url = self._base + wanted.uri
        try:
            request = requests.Request(wanted.method, url, headers=wanted.header, data=wanted.data or None)
            prepared = self._session.prepare_request(request)
            prepared.url = url  # requests rewrites escapes; what was signed is sent
            response = self._session.send(prepared)
            return _Answer(response.status_code, response.headers, response.content.decode())
        except (requests.RequestException, UnicodeDecodeError) as error:
            raise self._unavailable("NetWorkException", type(error).__name__) from None

    def is_keep_alive(self) -> bool:
        """Return True: the SDK then asks for it."""
        return True

    def close(self) -> None:
        """Close the pooled connection."""
        self._session.close()


class _Answer(NamedTuple):
    """An answer as the SDK reads it (`mns.mns_http.ResponseInternal`)."""

    status: int
    header: Mapping[str, str]
    data: str


def _item(body: str) -> reports.Item:
    # Bodies come in base64; whether every queue's do is not documented, and an object shows itself.
    try:
        text = body if body.lstrip().startswith("{") else base64.b64decode(body, validate=True).decode()
        item = json.loads(text)
    except (binascii.Error, ValueError):
        item = None
    return item if isinstance(item, dict) else {}


def _sdk() -> tuple[Any, Any, Any]:
    try:
        from mns.account import Account
        from mns.mns_exception import MNSClientNetworkException, MNSExceptionBase
    except ImportError as missing:
        raise ConfigurationFault(
            "The SDK of the message queue is not installed: pip install 'qa-sms-bridge[aliyun-queue]'."
        ) from missing
    return Account, MNSExceptionBase, MNSClientNetworkException
