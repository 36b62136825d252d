"""The owner's SDK behind one method: calls by name, answers as mappings, errors by consequence.

Nothing of the SDK is imported before a channel needs it.
"""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests

from bridge.plugin import BridgeError, ConfigurationFault, OutcomeUnknown
from bridge.plugin.http import classify

from . import codes
from .settings import AliyunSettings
from .transport import SdkSession

Answer = Mapping[str, Any]
Class = Callable[..., BridgeError]
"""Makes an error of a code that is not OK: `codes.of_send` or `codes.of_query`."""


@dataclass(frozen=True)
class _Sdk:
    client: Any
    models: Any
    config: Any
    core: Any
    openapi: Any
    utils: Any
    runtime: Any
    failed: type[Exception]
    not_answered: type[Exception]


@cache
def _sdk() -> _Sdk:
    try:
        from alibabacloud_dysmsapi20170525 import client, models
        from alibabacloud_tea_openapi import utils_models
        from alibabacloud_tea_openapi.utils import Utils
        from darabonba.core import DaraCore
        from darabonba.exceptions import RetryError
        from darabonba.runtime import RuntimeOptions
        from Tea.exceptions import TeaException
    except ImportError as missing:
        raise ConfigurationFault(
            "Aliyun's SDK is not installed: pip install 'qa-sms-bridge[aliyun]'."
        ) from missing
    # With DEBUG=sdk in the environment this logger prints every URL (numbers) and the Authorization header.
    logging.getLogger("darabonba-core").disabled = True
    # The SDK keeps its connections in a class attribute; a forked child would share its parent's sockets.
    os.register_at_fork(after_in_child=DaraCore._sessions.clear)
    return _Sdk(
        client.Client,
        models,
        utils_models.Config,
        DaraCore,
        utils_models,
        Utils,
        RuntimeOptions,
        TeaException,
        RetryError,
    )


class Client:
    """Calls to one Aliyun account. Safe for several threads; its connections are pooled by the SDK."""

    def __init__(self, settings: AliyunSettings) -> None:
        """Open the client, calling nothing. Raises ConfigurationFault when the SDK is not installed."""
        self._sdk = _sdk()
        self._settings = settings
        self._client = self._connection(settings.endpoint)
        self._session = SdkSession(settings.connections)

    def _connection(self, endpoint: str) -> Any:
        settings = self._settings
        # No retry options: with them the SDK repeats a send after a read timeout (measured, 4.6.0).
        return self._sdk.client(
            self._sdk.config(
                access_key_id=settings.access_key_id,
                access_key_secret=settings.access_key_secret.get_secret_value(),
                security_token=settings.security_token.get_secret_value() or None,
                endpoint=endpoint,
                protocol=settings.protocol,
                max_idle_conns=settings.connections,
            )
        )

    def send(self, operation: str, **fields: object) -> Answer:
        """Call a sending operation, "send_sms" or "send_batch_sms": as `query`, with the time for sends."""
        return self._typed(operation, self._settings.send_timeout_s, fields, codes.of_send)

    def query(self, operation: str, **fields: object) -> Answer:
        """Call any other operation by the SDK's name for it; answers with Aliyun's own field names.

        Fields are the SDK's; None and "" are left out. Raises an error of `bridge.plugin.errors` for
        every answer whose Code is not OK; no error quotes a phone number.
        """
        return self._typed(operation, self._settings.query_timeout_s, fields, codes.of_query)

    def generic(
        self,
        action: str,
        *,
        query: Mapping[str, object] | None = None,
        form: Mapping[str, object] | None = None,
        endpoint: str = "",
    ) -> Answer:
        """Call an operation by Aliyun's own names, its fields in the query string or the form body."""
        openapi = self._sdk.openapi
        params = openapi.Params(
            action=action,
            version="2017-05-25",
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        request = openapi.OpenApiRequest(
            query=self._sdk.utils.query(dict(query or {})), body=dict(form) if form else None
        )
        host = endpoint.rpartition("://")[2] or self._settings.endpoint
        client = self._connection(host) if endpoint else self._client
        runtime = self._runtime(self._settings.send_timeout_s)
        return self._answer(lambda: client.call_api(params, request, runtime)["body"], codes.of_query, host)

    def _typed(
        self, operation: str, timeout_s: float, fields: Mapping[str, object], refusal: Class
    ) -> Answer:
        model = getattr(self._sdk.models, operation.title().replace("_", "") + "Request")
        request = model(**{name: value for name, value in fields.items() if value not in (None, "")})
        method = getattr(self._client, operation + "_with_options")

        def call() -> object:
            body = method(request, self._runtime(timeout_s)).body
            return None if body is None else body.to_map()

        return self._answer(call, refusal, self._settings.endpoint)

    def _runtime(self, timeout_s: float) -> Any:
        return self._sdk.runtime(
            connect_timeout=round(self._settings.connect_timeout_s * 1000),
            read_timeout=round(timeout_s * 1000),
        )

    def _answer(self, call: Callable[[], object], refusal: Class, host: str) -> Answer:
        self._seat(host)
        try:
            body = call()
        except self._sdk.failed as error:
            failure = self._translated(error, refusal)
        else:
            if isinstance(body, Mapping) and body.get("Code") == codes.OK:
                return body
            failure = _refused(body, refusal)
        # Raised outside the handler: the SDK's exception quotes the URL, and must not hang on to this one.
        raise failure

    def _seat(self, host: str) -> None:
        """Let the SDK exchange through our session: with an end, a bounded answer, and no redirects.

        The SDK looks its sessions up by this key (darabonba-core 1.0.9); a forked child has none.
        """
        key = f"{self._settings.protocol.lower()}://{host}:80:pool={self._settings.connections}"
        seated = self._sdk.core._sessions.get(key)
        if isinstance(seated, SdkSession):
            self._session = seated
        else:
            self._session = self._sdk.core._sessions[key] = SdkSession(self._settings.connections)
        self._session.forget()

    def _translated(self, error: Any, refusal: Class) -> BridgeError:
        status = getattr(error, "status_code", None)
        code = str(getattr(error, "code", "") or "")
        if status is not None:
            data = error.data if isinstance(error.data, Mapping) else {}
            # The SDK writes an absent code as the text "None"; its retry_after is in milliseconds.
            retry_after = getattr(error, "retry_after", None)
            return refusal(
                f"HTTP_{status}" if code in ("", "None") else code,
                data.get("Message"),
                status=status,
                retry_after_s=retry_after / 1000 if retry_after else None,
            )
        if code == "InvalidCredentials":
            return refusal(code)
        answered = self._session.last
        if answered.status in codes.PROVEN:
            # Not JSON, cut off, or nothing at all: the status alone still says that nothing was taken.
            return refusal(
                f"HTTP_{answered.status}", status=answered.status, retry_after_s=answered.retry_after
            )
        inner = getattr(error, "inner_exception", None)
        cause = inner.__context__ if isinstance(inner, self._sdk.not_answered) else None
        if isinstance(cause, requests.RequestException):
            return classify(cause)
        return _unreadable()


def _refused(body: object, refusal: Class) -> BridgeError:
    if not isinstance(body, Mapping) or not body.get("Code"):
        return _unreadable()
    return refusal(str(body["Code"]), body.get("Message"))


def _unreadable() -> OutcomeUnknown:
    return OutcomeUnknown("Aliyun's answer is not readable.", code="UNREADABLE_ANSWER")
