"""HTTP as a vendor plugin needs it: always an end, never a blind repeat, errors by consequence.

`Session` is a `requests.Session` whose exchanges end in time; `Adapter` gives the same to an SDK's session.
`translated` turns what `requests` raises into an error of `bridge.plugin.errors` that quotes no URL
(URLs carry numbers). `fetch` downloads media from untrusted addresses without reaching into the private
network.
"""

import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import BaseAdapter
from urllib3 import Retry
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from .addresses import AddressRefused, check_prepared, check_url, prepared_url
from .errors import (
    BridgeError,
    CredentialsRejected,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
    VendorUnreachable,
)
from .exchange import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Adapter, PrivateAddress
from .kept import Answer, AnswerTooLong

__all__ = [
    "ANSWER_BYTES",
    "CONNECT_TIMEOUT_S",
    "READ_TIMEOUT_S",
    "Adapter",
    "AddressRefused",
    "Answer",
    "AnswerTooLong",
    "FetchFailed",
    "Session",
    "check_url",
    "classify",
    "fetch",
    "open_url",
    "raise_for_status",
    "read_answer",
    "retry_after",
    "translated",
]

ANSWER_BYTES = 1 << 20
"""Bytes of an answer that a session reads, unpacked; a longer one is no answer."""
LEAST_RATE = 4096.0
"""Bytes a second at which a file must come."""
_MAX_REDIRECTS = 3
_BAD_URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


class FetchFailed(BridgeError):
    """The file could not be downloaded: not found, too large, or no contact."""

    default_code = "FETCH_FAILED"


class Session(requests.Session):
    """A session whose every exchange ends, with a pool for `threads`. It promises:

    - a deadline: no exchange goes on for ever, whatever the peer does;
    - no repeat: a request leaves once. An adapter with retries, or one that is no `Adapter` and so knows no
      deadline, is refused with a ValueError, when it is mounted and again before each request;
    - no redirect is followed, whatever `allow_redirects` says;
    - certificates are verified: `verify=False`, or what says as little, is refused with a ValueError;
    - proxies and .netrc of the environment are not obeyed, unless asked for with `trust_env=True`.

    What an `auth` object or a hook of yours (`hooks["response"]`) does with an answer is beyond the promise:
    `requests.auth.HTTPDigestAuth` sends a request again, body and all, when it is answered with 401. That
    repeats no send, because a 401 takes none, but only where the vendor keeps to it. A hook that sends again
    after anything else sends twice; the kit tells of it.

    `timeout` is the time to connect and to read, in seconds; a ValueError tells of one that has no end. It
    bounds each step and, added up, the whole exchange: a peer that sends a byte a second is left when the sum
    is over. `least_rate` (bytes a second) lets a body that keeps coming take longer. At most `max_answer`
    bytes of an answer are read, unpacked; a longer one raises AnswerTooLong. With `stream=True` the caller
    reads, within the same time.
    """

    def __init__(
        self,
        *,
        threads: int = 10,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        trust_env: bool = False,
        allow_private: bool = True,
        max_answer: int = ANSWER_BYTES,
        least_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.timeout = _pair(timeout)
        self.max_answer = max_answer
        self.trust_env = trust_env
        adapter = Adapter(threads=threads, public_only=not allow_private, least_rate=least_rate)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send as `requests.Session.send` does, with this session's time-outs and bounds."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        _require_end(kwargs["timeout"])
        if not (verify := kwargs.get("verify", self.verify)):
            raise ValueError(
                f"Without certificates anybody can answer in the vendor's name: verify={verify!r} is refused."
            )
        _require_ours(self.get_adapter(request.url or ""))
        streamed = kwargs.pop("stream", None) or self.stream
        response = super().send(request, stream=True, **kwargs)
        if not streamed:
            read_answer(response, self.max_answer)
        return response

    def ask(self, request: requests.PreparedRequest, *, most: int | None = None) -> Answer:
        """Make one exchange, within this session's bounds, and return its whole answer.

        Over a connection that is open already it costs a third of `send`, which a vendor that takes one
        message a call is worth: no hook is called, and no cookie kept. At most `most` bytes of the answer
        are read. Raises what `send` raises, and AnswerTooLong.
        """
        most = self.max_answer if most is None else most
        adapter = self.get_adapter(request.url or "")
        if isinstance(adapter, Adapter) and self._leaves_nothing_to_do(adapter):
            answer = adapter.over_kept(request, self.timeout, verify=self.verify, cert=self.cert, most=most)
            if answer is not None:
                return answer
        with self.send(request, stream=True, allow_redirects=False) as response:
            read_answer(response, most)
            return Answer(response.status_code, response.headers, response.content)

    def _leaves_nothing_to_do(self, adapter: Adapter) -> bool:
        """Return whether `send` would do no more for a request than hand it to this adapter as it is."""
        _require_ours(adapter)
        _require_end(self.timeout)
        ours = type(adapter).send is Adapter.send
        return ours and bool(self.verify) and not (self.proxies or self.trust_env)

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Mount as `requests.Session` does; raises ValueError for one that repeats or has no deadline."""
        # `requests` mounts its own while it is constructed; ours take their place before any request.
        if hasattr(self, "timeout"):
            _require_ours(adapter)
        super().mount(prefix, adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return none: `requests` would follow a redirect unasked, past any check of the address."""


def _pair(timeout: object) -> tuple[float, float]:
    if isinstance(timeout, tuple) and len(timeout) == 2 and all(map(_ends, timeout)):
        return timeout
    raise ValueError(
        f"timeout={timeout!r} is refused: give the seconds to connect and those to read, both over 0."
    )


def _require_end(timeout: object) -> None:
    """Raise ValueError for a call's own time-out that has no end; `requests` takes one number too."""
    if isinstance(timeout, tuple) and timeout[1:] == (None,):
        timeout = timeout[:1] * 2
    _pair(timeout if isinstance(timeout, tuple) else (timeout, timeout))


def _ends(seconds: object) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < inf


def _require_ours(adapter: BaseAdapter) -> None:
    if _repeats(getattr(adapter, "max_retries", 0)):
        raise ValueError("An adapter with max_retries repeats requests blindly; leave repeats to the bridge.")
    ours = isinstance(adapter, Adapter)
    if not ours:
        raise ValueError(
            f"{type(adapter).__name__} ends no exchange in time: mount bridge.plugin.http.Adapter or what is "
            "derived from it."
        )


def _repeats(retries: Retry | int | bool) -> bool:
    if not isinstance(retries, Retry):
        return bool(retries)
    # `total` comes first: with none left, or False, the other counts do not matter.
    counts = (retries.connect, retries.read, retries.redirect, retries.status, retries.other)
    return bool(retries.total) or (retries.total is None and any(counts))


def read_answer(response: requests.Response, max_bytes: int) -> None:
    """Read a streamed answer into its content, never more than `max_bytes` of it, unpacked.

    Raises AnswerTooLong.
    """
    content = bytearray()
    try:
        for piece in response.iter_content(16_384):
            content += piece
            if len(content) > max_bytes:
                break
    except BaseException:
        response.close()
        raise
    too_long = len(content) > max_bytes
    if too_long:
        response.close()
    response._content = bytes(content[:max_bytes])
    response._content_consumed = True  # type: ignore[attr-defined]
    if too_long:
        raise AnswerTooLong("the answer does not end", response=response)


def classify(error: requests.RequestException) -> BridgeError:
    """Return VendorUnreachable when the request certainly never left, else OutcomeUnknown."""
    if isinstance(error, requests.ConnectTimeout):
        return VendorUnreachable("The vendor did not answer the connection in time.", code="CONNECT_TIMEOUT")
    if isinstance(error, _BAD_URL):
        return VendorUnreachable("The vendor's address is not a URL.", code="BAD_URL")
    refusal = _refusal(error)
    if refusal is not None:
        return refusal
    if isinstance(error, AnswerTooLong):
        return OutcomeUnknown("The vendor's answer does not end.", code="ENDLESS_ANSWER")
    if isinstance(error, requests.Timeout) or (error.args and isinstance(error.args[0], ReadTimeoutError)):
        return OutcomeUnknown("The vendor did not answer in time.", code="READ_TIMEOUT")
    return OutcomeUnknown("The connection to the vendor broke before its answer.", code="CONNECTION_LOST")


def _refusal(error: requests.RequestException) -> VendorUnreachable | None:
    if not isinstance(error, requests.ConnectionError) or not error.args:
        return None
    reason = getattr(error.args[0], "reason", error.args[0])
    if isinstance(reason, ProxyError):
        # urllib3 also blames the proxy for an answer that was lost after the request had left.
        reason = reason.original_error
    if isinstance(reason, PrivateAddress):
        return VendorUnreachable("The vendor's address lies in a private network.", code="PRIVATE_ADDRESS")
    if isinstance(reason, NameResolutionError):
        return VendorUnreachable("The vendor's host name is not known.", code="DNS")
    if isinstance(reason, ConnectTimeoutError | NewConnectionError) or _no_tunnel(reason):
        return VendorUnreachable("The vendor refused the connection.", code="CONNECTION_REFUSED")
    if isinstance(reason, SSLError) and any(
        isinstance(arg, ssl.SSLCertVerificationError) for arg in reason.args
    ):
        return VendorUnreachable("The vendor's certificate is not valid.", code="CERTIFICATE_INVALID")
    return None


def _no_tunnel(reason: Exception) -> bool:
    # What http.client raises, and nothing else, when a proxy refuses to connect to an https host.
    return type(reason) is OSError and str(reason).startswith("Tunnel connection failed")


@contextmanager
def translated() -> Iterator[None]:
    """Turn `requests` exceptions raised inside into the errors of `classify`, without their text."""
    try:
        yield
    except requests.JSONDecodeError:
        raise OutcomeUnknown("The vendor's answer is not JSON.", code="UNREADABLE_ANSWER") from None
    except requests.RequestException as error:
        raise classify(error) from None


def raise_for_status(response: requests.Response) -> None:
    """Raise by the HTTP status alone, for vendors whose body says no more.

    429 is VendorThrottled, 401 and 403 CredentialsRejected, other 4xx VendorRejected, and 3xx, 408 and 5xx
    OutcomeUnknown: a gateway in front of the vendor may have passed the request on.
    """
    status = response.status_code
    if 200 <= status < 300:
        return
    code = f"HTTP_{status}"
    if status == 429:
        raise VendorThrottled(
            "The vendor asked to slow down.",
            code=code,
            retry_after=retry_after(response.headers.get("Retry-After")),
        )
    if status in (401, 403):
        raise CredentialsRejected("The vendor refused the credentials.", code=code)
    if 400 <= status < 500 and status != 408:
        raise VendorRejected("The vendor refused the request.", code=code)
    raise OutcomeUnknown("The vendor answered with an error of its own.", code=code)


def retry_after(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header in its numeric form, at most an hour; otherwise None."""
    if header is None or not header.strip().isascii() or not header.strip().isdigit():
        return None
    return float(min(int(header), 3600))


@contextmanager
def open_url(
    url: str,
    *,
    allow_private: bool,
    hosts: Collection[str] = (),
    headers: dict[str, str] | None = None,
    timeout: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
) -> Iterator[requests.Response]:
    """Get an untrusted URL as a stream; every redirect's target is checked like the first address.

    The response may have any status. Raises AddressRefused or FetchFailed.
    """
    with Session(threads=1, timeout=timeout, allow_private=allow_private, least_rate=LEAST_RATE) as session:
        response = _follow(session, url, allow_private, hosts, headers)
        try:
            yield response
        finally:
            response.close()


def _follow(
    session: Session, url: str, allow_private: bool, hosts: Collection[str], headers: dict[str, str] | None
) -> requests.Response:
    for _ in range(_MAX_REDIRECTS + 1):
        prepared = session.prepare_request(requests.Request("GET", prepared_url(url), headers))
        check_prepared(url, prepared.url or "", allow_private=allow_private, hosts=hosts)
        try:
            response = session.send(prepared, stream=True)
        except requests.RequestException as error:
            refusal = classify(error)
            kind = AddressRefused if refusal.code == "PRIVATE_ADDRESS" else FetchFailed
            raise kind(f"The file's host could not be reached ({refusal.code}).") from None
        if not response.is_redirect:
            return response
        url = urljoin(url, response.headers["Location"])
        response.close()
    raise FetchFailed("The file's address redirects too often.")


def fetch(
    url: str,
    *,
    max_bytes: int,
    allow_private: bool,
    hosts: Collection[str] = (),
    timeout: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
) -> tuple[bytes, str]:
    """Download a small file (media of a template) and its content type.

    Raises AddressRefused or FetchFailed; never more than `max_bytes` are kept in memory.
    """
    with open_url(url, allow_private=allow_private, hosts=hosts, timeout=timeout) as response:
        if response.status_code != 200:
            raise FetchFailed(f"The file's host answered with status {response.status_code}.")
        data = bytearray()
        try:
            for piece in response.iter_content(65536):
                data += piece
                if len(data) > max_bytes:
                    raise FetchFailed(f"The file is larger than {max_bytes} bytes.")
        except requests.RequestException:
            raise FetchFailed("The download broke off.") from None
        return bytes(data), response.headers.get("Content-Type", "")
