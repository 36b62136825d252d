"""A whole bridge in memory, honest unless told otherwise: what the campaign is tested against."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

import requests
from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge.simulator import render

from .pushing import REPLIES, push, receipts_body, replies_body

DATES = {"sendDate": "2026-11-20 10:00:00", "receiveDate": "2026-11-20 10:00:03"}
APPROVED = {"reason": "No review comments", "createDate": "2026-11-20 09:00:00"}

Entry = dict[str, Any]
_CANNOT = "The vendor cannot do that."


class FakeBridge:
    """Receipts follow each send at once. `tamper` may change a push's entries, `tamper_row` a detail row.

    The last `holds` recipients of a send wait.
    """

    def __init__(
        self, callback_url: str, *, pushes: bool = True, reviews: int = 2, tls: ssl.SSLContext | None = None
    ) -> None:
        self.callback_url = callback_url
        self.pushes = pushes
        self.reviews = reviews
        self.template_status = 1
        self.sign_status = 1
        self.tamper: Callable[[list[Entry]], list[Entry]] = list
        self.tamper_row: Callable[[Entry], Entry] = dict
        self._templates: dict[str, str] = {}
        self._asked: dict[str, int] = {}
        self.sent: list[Entry] = []
        self.types: list[int] = []
        self.tasks: dict[str, None] = {}
        self.late: Entry = {}
        self.holds = 0
        self.refuses: set[str] = set()
        self.refusal = "UNSUPPORTED_OPERATION"
        self._lock = threading.Lock()
        self._http = requests.Session()
        app = Flask(__name__)
        app.add_url_rule("/sms/<path:path>", "call", self._call, methods=["GET", "POST", "PUT", "DELETE"])
        self._scheme = "https" if tls else "http"
        self._server = make_server(
            "127.0.0.1", 0, app, threaded=True, request_handler=_Quiet, ssl_context=tls
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._http.close()

    def _call(self, path: str) -> Mapping[str, Any]:
        name, _, rest = path.partition("/")
        if {f"_{name}", f"{request.method} _{name}"} & self.refuses:
            return {"platformName": "Fake", "code": self.refusal, "message": _CANNOT, "requestId": "1"}
        with self._lock:
            payload = getattr(self, f"_{name}")(request.method, rest, request.get_json(silent=True))
        return {"platformName": "Fake", "code": "OK", "message": "OK", "requestId": "1", **payload}

    def _smsSign(self, _method: str, name: str, _body: Any) -> Entry:  # noqa: N802 - the contract's name
        return {**APPROVED, "signName": name, "signStatus": self.sign_status}

    def _smsTemplate(self, method: str, code: str, body: Any) -> Entry:  # noqa: N802
        if method != "GET":
            self.types += [body["templateType"]] if method == "POST" else []
            return self._keep(code or f"T{len(self.types)}", body["templateContent"])
        answer = {**APPROVED, **self._review(code), "templateName": "n", "templateType": 2}
        return {**answer, "templateContent": self._templates[code]}

    def _digitalSmsTemplate(self, method: str, code: str, body: Any) -> Entry:  # noqa: N802
        if method != "GET":
            parts = json.loads(body["templateContent"])
            return self._keep(code or "D1", parts[1]["fileContents"])
        factory = json.dumps(dict.fromkeys(("UNICOM", "MOBILE", "TELCOM"), "Success"))
        return {**APPROVED, **self._review(code), "templateName": "n", "supportFactory": factory}

    def _keep(self, code: str, content: str) -> Entry:
        self._templates[code] = content
        self._asked[code] = 0
        return {"templateCode": code}

    def _review(self, code: str) -> Entry:
        self._asked[code] += 1
        decided = self._asked[code] >= self.reviews
        return {"templateCode": code, "templateStatus": self.template_status if decided else 0}

    def _sendBatchList(self, _method: str, _rest: str, body: Any) -> Entry:  # noqa: N802
        return self._send(body, list(zip(body["phoneNumberJson"], body["templateParamJson"], strict=True)))

    _sendDigitalBatchList = _sendBatchList  # noqa: N815

    def _sendBatch(self, _method: str, _rest: str, body: Any) -> Entry:  # noqa: N802
        lines = self._http.get(body["phoneOssUrl"]).content.decode().splitlines()
        return self._send(
            body, [(line[: line.index(",")], json.loads(line.partition(",")[2])) for line in lines]
        )

    def _send(self, body: Any, people: list[tuple[str, Any]]) -> Entry:
        called = people[: len(people) - self.holds]
        entries = [self._record(body, phone, params) for phone, params in called]
        if "relatedTaskId" in body:
            self.tasks[body["relatedTaskId"]] = None
        if self.late:
            push(self._http, self.callback_url, receipts_body({**entries[0], **self.late}))
        if self.pushes:
            for first in range(0, len(entries), 500):
                push(self._http, self.callback_url, receipts_body(*self.tamper(entries[first : first + 500])))
            answer = {"outId": body["outId"], "phoneNum": people[0][0], "sendTime": DATES["sendDate"]}
            push(self._http, self.callback_url, replies_body({**answer, "content": "好的"}), path=REPLIES)
        return {"bizId": "b"}

    def _record(self, body: Any, phone: str, params: Any) -> Entry:
        bad = len(phone) != 11
        entry = {
            "outId": body["outId"],
            "phoneNum": phone,
            **DATES,
            "errCode": "INVALID_NUMBER" if bad else "DELIVERED",
        }
        code = body["templateCode"]
        content = "" if bad else "【演示】" + render(self._templates[code], params)
        self.sent.append({**entry, "sendStatus": 1 if bad else 2, "content": content, "templateCode": code})
        return {**entry, "sendStatus": "1" if bad else "2", "message": "No mobile number." if bad else ""}

    def _sendDetails(self, _method: str, _rest: str, body: Any) -> Entry:  # noqa: N802
        rows = [self.tamper_row(row) for row in self.sent if row["outId"] == body["outId"]]
        first = (body["currentPage"] - 1) * body["pageSize"]
        return {"sendDetailDTOs": rows[first : first + body["pageSize"]], "totalCount": len(rows)}


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass
