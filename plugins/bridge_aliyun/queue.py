"""Receipts and replies from Simple Message Queue (once MNS): authenticated, without an open port.

The queue gives a message again until it is deleted, so a page is deleted by the cursor of the next call:
by then the bridge has stored it. Only SmsReport and SmsUp exist here; reviews come by HTTP alone.
"""

import base64
import binascii
import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from bridge.plugin import ConfigurationFault, CredentialsRejected, VendorUnavailable, WebhookResult

from . import reports
from .client import Client
from .settings import QueueSettings

Kind = Literal["SmsReport", "SmsUp"]

_BATCH = 16  # the most one receive or delete may carry
_TIMEOUT_S = 30.0
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
        """Raises ConfigurationFault when the queue's SDK is not installed. Calls nothing."""
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
            # The SDK gives an https connection no timeout; without one a dead peer would hold us for ever.
            self._account.mns_client.http.conn.timeout = _TIMEOUT_S
            self._token_ends = self._clock() + _TOKEN_LIFE_S
        queue = self._account.get_queue(self._name)
        queue.set_encoding(False)
        return queue

    def close(self) -> None:
        """Give up the connection and the token."""
        if self._account is not None:
            self._account.mns_client.close_connection()
            self._account = None

    def _translated(self, error: Any) -> Exception:
        self.close()
        if isinstance(error, self._unavailable):
            return VendorUnavailable("The queue could not be reached.", code="QUEUE_UNAVAILABLE")
        if error.type in ("QueueNotExist", "InvalidArgument"):
            return ConfigurationFault(f"The queue for {self._kind} does not exist.")
        return CredentialsRejected("The queue refused its token.", code=str(error.type))


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
