"""Requests made ready: what `requests` would send, without its doing all of it again for each."""

import pytest
import requests

from bridge.plugin.http import Session
from bridge_http.request.building import Built
from bridge_http.request.preparing import USER_AGENT, Preparer

URL = "https://sms.example.com/v1/send?to=1&text=a%20b"
REQUESTS = [
    Built("GET", URL, {}, b""),
    Built("GET", "https://sms.example.com", {}, b""),
    Built("POST", URL, {"Content-Type": "application/json", "accept": "text/plain"}, '{"é":1}'.encode()),
    Built("POST", URL, {}, b""),
    Built("DELETE", URL, {"X-Empty": ""}, b""),
    Built("POST", "https://u:p%40s@sms.example.com/v1/send", {"authorization": "Bearer x"}, b"x"),
]


@pytest.mark.parametrize("built", REQUESTS)
def test_is_what_requests_would_send(built: Built) -> None:
    """Method, headers and body; the URL stays as it was signed."""
    with Session() as session:
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **built.headers}
        theirs = session.prepare_request(
            requests.Request(built.method, built.url, headers=headers, data=built.body or None)
        )
        prepared = Preparer(session)
        for _ in range(2):  # the first time, and as remembered
            ours = prepared(built)
            assert (ours.method, ours.url, ours.body) == (built.method, built.url, theirs.body)
            assert ours.headers == theirs.headers


# (request, what is wrong with it)
WRONG = [
    (Built("GET", "sms.example.com/v1", {}, b""), requests.exceptions.MissingSchema),
    (Built("GET", "https://*.example.com/", {}, b""), requests.exceptions.InvalidURL),
    (Built("GET", URL, {"X-A": "1\r\nX-B: 2"}, b""), requests.exceptions.InvalidHeader),
    (Built("GET", URL, {"X-A": " 1"}, b""), requests.exceptions.InvalidHeader),
]


@pytest.mark.parametrize(("built", "fault"), WRONG)
def test_what_is_wrong_is_refused(built: Built, fault: type[Exception]) -> None:
    """As `requests` refuses it, each time."""
    with Session() as session:
        prepared = Preparer(session)
        for _ in range(2):
            with pytest.raises(fault):
                prepared(built)


def test_an_address_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never changes between two calls is made once."""
    looked: list[requests.Request] = []
    with Session() as session:
        own = session.prepare_request

        def look(request: requests.Request) -> requests.PreparedRequest:
            looked.append(request)
            return own(request)

        monkeypatch.setattr(session, "prepare_request", look)
        prepared = Preparer(session)
        for number in range(3):
            prepared(Built("GET", f"{URL}&n={number}", {"X-A": str(number)}, b""))
    assert len(looked) == 1
