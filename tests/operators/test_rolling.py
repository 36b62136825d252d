"""Webs restarted one after the other behind nginx: no call is refused."""

import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from bridge.contract import signing
from tests.campaign.carriers import SandboxCarrier
from tests.campaign.rig import KEY, Rig

from .proxy import Nginx

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


class Callers:
    """Four callers that send all the time; every answer is counted."""

    def __init__(self, url: str, sign: str, code: str) -> None:
        self._url = f"{url}/promo/sms/sendBatchList"
        self._common = {"signName": sign, "templateCode": code, "templateParamJson": [{"name": "n"}]}
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(at,), daemon=True) for at in range(4)]
        self.answers: Counter[str] = Counter()
        for thread in self._threads:
            thread.start()

    def _call(self, at: int) -> None:
        number = 0
        with requests.Session() as session:
            session.trust_env = False
            while not self._enough.is_set():
                number += 1
                phone = f"13{at}{number:08d}"
                body = {**self._common, "outId": "task-1", "phoneNumberJson": [phone]}
                query, signature = signing.fresh(KEY, datetime.now(UTC))
                headers = {signing.HEADER: signature, "Content-Type": "application/json"}
                data = json.dumps(body).encode()
                answer = session.post(
                    self._url, params=query, data=data, headers=headers, verify=False, timeout=60
                )
                known = answer.status_code == 200
                self.answers[answer.json()["code"] if known else f"HTTP {answer.status_code}"] += 1

    def after(self, more: int) -> None:
        """Wait until so many more calls were answered."""
        wanted, deadline = sum(self.answers.values()) + more, time.monotonic() + 120
        while sum(self.answers.values()) < wanted:
            assert time.monotonic() < deadline, self.answers
            time.sleep(0.05)

    def end(self) -> Counter[str]:
        """Stop calling. Returns how often which answer came."""
        self._enough.set()
        for thread in self._threads:
            thread.join(60)
        return self.answers


@pytest.mark.slow
@pytest.mark.rehearsal
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_webs_restarted_one_after_the_other_refuse_no_call(database_url: str, tmp_path: Path) -> None:
    """Behind the file for several machines: the one that ends answers what it took, or the other does."""
    (tmp_path / "nginx").mkdir()
    with Rig(database_url, SandboxCarrier(tmp_path, per_call=50), tmp_path, webs=2, workers=1) as rig:
        code = rig.template()
        rig.await_(lambda: rig.fronts[1].query_text_template(code)["templateStatus"] == 1, 120, "both webs")
        ports = [int(front.prefix.rpartition(":")[2].partition("/")[0]) for front in rig.fronts]
        proxy = Nginx(tmp_path / "nginx", "sms-bridge-machines.conf", ports, {})
        try:
            callers = Callers(proxy.url, rig.carrier.sign, code)
            for web, front in zip(rig.webs, rig.fronts, strict=True):
                callers.after(40)
                assert web.stop() == 0
                callers.after(40)
                web.start()
                rig.await_(lambda front=front: bool(front.query_sign(rig.carrier.sign)), 120, "the web")  # type: ignore[misc]
            callers.after(40)
            answers = callers.end()
        finally:
            proxy.stop()
        lost = [line for line in proxy.logs().splitlines() if "upstream" in line and ":200" not in line]
        assert set(answers) == {"OK"}, "\n".join(lost[:20])
        sent = answers["OK"]
        rig.await_(lambda: rig.callbacks.inbox.received("task-1") == sent and rig.idle(), 120, "receipts")
