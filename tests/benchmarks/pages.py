"""Every page of the console on a ledger of many messages: how long each takes, and how large it is."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask.testing import FlaskClient

from bridge.services.desk.signing_in import ConsoleUser, Role, SigningIn
from bridge.settings import ConsoleSettings
from bridge.web import create_app
from bridge.web.console.sealing import Sealing

from .crowd import Crowd, fill, number
from .databases import fresh_database
from .measuring import Meter, p50, p95
from .stage import CHANNEL, Stage, opened
from .table import Line, milliseconds

_AIM_S = 0.1
_LARGEST = 100_000
_ADDRESS = "https://sms.example.com"
_SECRET = "console-secret-of-the-benchmarks-012345"
_TEMPLATES = 200
_PAGES = (
    "",
    "/campaigns",
    "/campaigns?page=20",
    "/campaigns?state=running",
    "/campaigns?state=ended",
    "/campaigns?state=paused",
    "/campaigns?search=task-7",
    "/campaigns?search=nothing-like-it",
    "/campaigns/{large}",
    "/campaigns/{large}/recipients",
    "/campaigns/{large}/recipients?page=200",
    "/campaigns/{large}/recipients?status=undeliverable",
    "/campaigns/{large}/recipients?status=accepted&page=20",
    "/campaigns/{large}/recipients?code=NP:1243",
    "/campaigns/{waiting}",
    "/campaigns/{waiting}/recipients?status=waiting",
    "/numbers/{number}?days=30",
    "/templates",
    "/templates?search=nothing-like-it",
    "/templates/{channel}/{template}",
    "/templates/{channel}/{template}/{values}",
    "/replies",
    "/replies?page=200",
    "/suppressions",
    "/suppressions?page=200",
    "/callbacks",
    "/callbacks?page=20",
    "/channels",
    "/channels/{channel}",
    "/channels/{channel}/routes/{number}?template={template}",
    "/prices",
    "/audit",
    "/audit?page=200",
)
_TOKEN = re.compile(r'name="token" value="([^"]+)"')


def pages(kind: str, folder: Path, crowd: Crowd, times: int) -> Iterator[Line]:
    """One line a page: the median and what 95 of 100 stay below, beside a tenth of a second and 100 kB."""
    with fresh_database(kind, folder) as url, opened(url, folder) as stage:
        code, *_ = [stage.template() for _ in range(_TEMPLATES)]
        started = time.perf_counter()
        fill(stage.ledger, url, crowd, code, int(time.time() * 1000))
        yield Line(
            f"fill a ledger with {crowd.messages:,} messages", kind, f"{time.perf_counter() - started:.0f} s"
        )
        with _browser(stage) as client:
            names = _names(client, code)
            for page in _PAGES:
                yield _line(kind, client, page, f"/console{page}".format(**names), times)


def _line(kind: str, client: FlaskClient, page: str, address: str, times: int) -> Line:
    first = client.get(address, base_url=_ADDRESS)  # it loads code and templates
    assert first.status_code == 200, (address, first.status_code)
    meter, size = Meter(), len(first.data)
    for _ in range(times):
        with meter:
            client.get(address, base_url=_ADDRESS)
    slow = p95(meter.laps)
    return Line(
        f"page /console{page}",
        kind,
        f"{milliseconds(p50(meter.laps))} p50, {milliseconds(slow)} p95",
        aim=f"p95 < {_AIM_S * 1000:.0f} ms, < {_LARGEST // 1000} kB",
        reached=slow < _AIM_S and size < _LARGEST,
        note=f"{size / 1000:.0f} kB, CPU {milliseconds(meter.cpu_s / times)} in the web",
    )


@contextmanager
def _browser(stage: Stage) -> Iterator[FlaskClient]:
    """Yield a browser in which an operator is signed in."""
    console = ConsoleSettings.model_validate({"secret": _SECRET, "url": _ADDRESS})
    settings = stage.settings.model_copy(update={"console": console})
    app = create_app(settings, stage.services, stage.ledger)
    signing_in = SigningIn(settings, console, stage.ledger, time.time)
    link = signing_in.link(ConsoleUser("anna", Role.OPERATOR), "shell:root").removeprefix(_ADDRESS)
    with app.test_client() as client:
        token = _TOKEN.search(client.get(link, base_url=_ADDRESS).text)
        assert token is not None
        headers = {"Origin": _ADDRESS, "Sec-Fetch-Site": "same-origin"}
        done = client.post(link, base_url=_ADDRESS, headers=headers, data={"token": token[1]})
        assert done.status_code == 303, done.text
        yield client


def _names(client: FlaskClient, code: str) -> dict[str, str]:
    """Return what stands in the addresses."""
    sealing = Sealing(_SECRET)
    found = {"channel": CHANNEL, "template": code, "number": sealing.seal(number(7))}
    found["values"] = sealing.seal(json.dumps([{"name": "Anna", "link": "x", "code": "7"}, number(7)]))
    for name, search in (("large", "the large one"), ("waiting", "under way")):
        answer = client.get("/console/campaigns.json", base_url=_ADDRESS, query_string={"search": search})
        [campaign] = answer.get_json()["campaigns"]
        found[name] = campaign["id"]
    return found
