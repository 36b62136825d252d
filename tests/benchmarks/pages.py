"""Every page of the console on a ledger of many messages: how long each takes, and how large it is."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask.testing import FlaskClient

from bridge.ledger.campaigns.recipients import Filter
from bridge.ledger.campaigns.turning import Spot, Turn
from bridge.ledger.refs import from_ref
from bridge.services.desk.signing_in import ConsoleUser, Role, SigningIn
from bridge.settings import ConsoleSettings
from bridge.web import create_app
from bridge.web.console.sealing import Sealing

from .crowd import LARGE, NARROW, Crowd, fill, number
from .databases import fresh_database, server_pids
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
    "/campaigns/{large}/recipients?after={large_end}",
    "/campaigns/{large}/recipients?before={large_end}",
    "/campaigns/{large}/recipients?status=undeliverable",
    "/campaigns/{large}/recipients?status=undeliverable&after={large_end}",
    "/campaigns/{large}/recipients?status=rejected&code=RARE",
    "/campaigns/{large}/recipients?status=calling",
    "/campaigns/{large}/recipients?code=NP:1243",
    "/campaigns/{large}/recipients?code=RARE",
    "/campaigns/{large}/recipients?since=2026-01-01T00:00",
    "/campaigns/{narrow}",
    "/campaigns/{narrow}/recipients",
    "/campaigns/{narrow}/recipients?after={narrow_end}",
    "/campaigns/{narrow}/recipients?before={narrow_end}",
    "/campaigns/{narrow}/recipients?status=unknown",
    "/campaigns/{narrow}/recipients?status=rejected&code=RARE",
    "/campaigns/{narrow}/recipients?code=RARE",
    "/campaigns/{waiting}",
    "/campaigns/{waiting}/recipients?status=waiting",
    "/numbers/{number}?since=2020-01-01T00:00",
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
_LAST = (1 << 63) - 1
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
            names = _names(client, stage, code)
            for page in _PAGES:
                meter = Meter(**server_pids(url))
                yield _line(kind, client, page, f"/console{page}".format(**names), times, meter)


def _line(kind: str, client: FlaskClient, page: str, address: str, times: int, meter: Meter) -> Line:
    first = client.get(address, base_url=_ADDRESS)  # it loads code and templates
    assert first.status_code == 200, (address, first.status_code)
    size = len(first.data)
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
        note=f"{size / 1000:.0f} kB, CPU {_cpu(meter, times)}",
    )


def _cpu(meter: Meter, times: int) -> str:
    """Return what a look costs: beside the wall time, for machines that do other things too."""
    names = {"here": "in the web", "postgres": "in PostgreSQL"}
    return ", ".join(f"{milliseconds(one / times)} {names[name]}" for name, one in meter.cpu_by_part.items())


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


def _names(client: FlaskClient, stage: Stage, code: str) -> dict[str, str]:
    """Return what stands in the addresses."""
    sealing = Sealing(_SECRET)
    found = {"channel": CHANNEL, "template": code, "number": sealing.seal(number(7))}
    found["values"] = sealing.seal(json.dumps([{"name": "Anna", "link": "x", "code": "7"}, number(7)]))
    for name, search in (("large", LARGE), ("narrow", NARROW), ("waiting", "under way")):
        answer = client.get("/console/campaigns.json", base_url=_ADDRESS, query_string={"search": search})
        [campaign] = answer.get_json()["campaigns"]
        found[name] = campaign["id"]
        found[f"{name}_end"] = _near_the_end(stage, campaign["id"])
    return found


def _near_the_end(stage: Stage, campaign: str) -> str:
    """Return a spot with a few pages behind it."""
    campaign_id = from_ref(campaign)
    assert campaign_id is not None
    turn = Turn(Spot(_LAST, _LAST, 0), back=True)
    page = stage.ledger.recipient_pages.page(campaign_id, Filter(), turn, 500)
    assert page.before is not None
    return str(page.before.spot)
