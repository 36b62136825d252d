"""One exchange over a connection that is open already.

What `requests` and `urllib3` do around an exchange costs several times the exchange itself: for each they
look at the address, proxies, cookies, hooks and redirects anew, and wrap the answer three times. A vendor
that takes one message a call is called over the same few connections again and again.
"""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import NamedTuple

import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

_PIECE = 65_536
_AS_IT_IS = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*")
"""A target that urllib3 sends as it is; in others it changes what is no part of an address."""

_FOLD = re.compile(r"\s*\r?\n\s*")


class Answer(NamedTuple):
    """The whole answer of an exchange."""

    status: int
    headers: CaseInsensitiveDict[str]
    content: bytes


class AnswerTooLong(requests.RequestException):
    """An answer that goes on behind what may be read; `response` holds its beginning, if there is one."""


def target_of(request: requests.PreparedRequest) -> str:
    """Return what stands in the request line; "" for a request that is not to be sent as it is."""
    target = request.path_url
    return target if isinstance(request.body, bytes | None) and _AS_IT_IS.fullmatch(target) else ""


def exchanged(
    connection: HTTPConnection, request: requests.PreparedRequest, target: str, patience_s: float, most: int
) -> Answer:
    """Return the whole answer over an open connection, which is closed after anything else.

    The request leaves once. Raises what `requests` does for an answer that is lost, or AnswerTooLong.
    """
    whole = False
    try:
        connection.sock.settimeout(patience_s)
        # Past urllib3's methods of these names, which make an answer of their own.
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it read all
            HTTPConnection.request(connection, request.method or "", target, request.body, request.headers)
        with closing(HTTPConnection.getresponse(connection)) as answer:
            headers = _headers(answer)
            content = b"".join(_pieces(answer, headers, most))
            whole = answer.isclosed() and not answer.will_close
    except AnswerTooLong:
        raise
    except TimeoutError as error:
        raise requests.ReadTimeout(error, request=request) from error
    except (OSError, HTTPException, HTTPError) as error:
        raise requests.ConnectionError(error, request=request) from error
    finally:
        if not whole:
            connection.close()
    return Answer(answer.status, headers, content)


def _headers(answer: HTTPResponse) -> CaseInsensitiveDict[str]:
    return CaseInsensitiveDict(
        urllib3.HTTPHeaderDict(
            (name, _FOLD.sub(" ", value) if "\n" in value else value) for name, value in answer.msg.items()
        )
    )


def _pieces(answer: HTTPResponse, headers: CaseInsensitiveDict[str], most: int) -> Iterator[bytes]:
    """Yield an answer's body, unpacked; raises AnswerTooLong behind `most` bytes."""
    body: HTTPResponse | urllib3.HTTPResponse = answer
    if "Content-Encoding" in headers:
        body = urllib3.HTTPResponse(answer, headers, preload_content=False, decode_content=True)
    while piece := body.read(_PIECE):
        most -= len(piece)
        if most < 0:
            raise AnswerTooLong("the answer does not end")
        yield piece
    if answer.length:
        raise IncompleteRead(b"", answer.length)
