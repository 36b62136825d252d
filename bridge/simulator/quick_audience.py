"""Quick Audience as a caller: the twelve calls, signed, with the bodies of the contract's own examples.

Every answer is read strictly: exactly the documented fields, of the documented types, the configured
platform name in each. An answer that breaks the contract raises ContractBroken, so whoever uses this client
tests a bridge by using it.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import requests

from bridge.contract import signing
from bridge.plugin.http import Session

from .answers import ContractBroken, check_detail, read
from .timing import WALL, Timing

Params = Mapping[str, str | int]
"""The values of one recipient's variables."""

_FIRST_TASK = 10**8
_UNBELIEVED = "CERTIFICATE_VERIFY_FAILED"
UTC8 = timezone(timedelta(hours=8))


class NoAnswer(Exception):
    """No readable answer came, although the call was repeated for as long as `patience_s` allows."""


@dataclass(frozen=True)
class TemplateForm:
    """A text template as a marketer fills it in; `type` is the contract's templateType, 0 to 3."""

    name: str
    content: str
    type: int
    remark: str


@dataclass(frozen=True)
class DigitalForm:
    """A digital template as a marketer fills it in.

    `parts` are (suffix, file name, text or media URL) in the order in which they are shown.
    """

    theme: str
    sign_name: str
    parts: Sequence[tuple[str, str, str]]
    remark: str


@dataclass(frozen=True, slots=True)
class Marketer:
    """Who fills the forms in, for which task, and how the bodies are spelled.

    `spelling` "tables" writes what the contract's tables say (numbers as text, lists as JSON text) where they
    differ from its "examples". `task_id` is the marketing campaign that sends by list are part of; None draws
    a number. (The deprecated send by file names none.)
    """

    account: str = "marketer@example.com"
    task_id: str | None = None
    spelling: Literal["examples", "tables"] = "examples"


@dataclass(frozen=True, slots=True)
class Line:
    """How the platform is called.

    A call without a readable answer (no contact, time-out, HTTP 5xx) is repeated with the same body and a new
    signature for up to `patience_s` seconds. `timeout` is for connecting and for reading. `authority` holds
    the certificates that vouch for the platform, in place of the public ones.
    """

    patience_s: float = 0
    timeout: tuple[float, float] = (5, 60)
    authority: Path | None = None


class QuickAudience:
    """One Quick Audience tenant that calls one third-party platform.

    `prefix` is what its form holds as callback URL, `key` "" switches authentication off. `platform_name`
    is what every answer must carry; None takes it from the first answer. Thread-safe.
    """

    def __init__(
        self,
        prefix: str,
        key: str,
        *,
        platform_name: str | None = None,
        marketer: Marketer = Marketer(),
        line: Line = Line(),
        timing: Timing = WALL,
    ) -> None:
        self.prefix = prefix.rstrip("/")
        self.platform_name = platform_name
        self.account = marketer.account
        self.task_id = marketer.task_id or str(_FIRST_TASK + secrets.randbelow(9 * _FIRST_TASK))
        self._key = key
        self._as_text = marketer.spelling == "tables"
        self._patience_s = line.patience_s
        self._timing = timing
        self._http = Session(threads=16, timeout=line.timeout)
        if line.authority is not None:
            self._http.verify = str(line.authority)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def query_sign(self, sign_name: str) -> dict[str, Any]:
        """Ask for the review of a signature (API 1)."""
        return self._call("query_sign", "GET", "smsSign/" + quote(sign_name, safe=""))

    def create_text_template(self, form: TemplateForm) -> str:
        """Create a text template (API 2). Returns its code."""
        body = self._text_template(form, "creatorAccount")
        return str(self._call("create_text_template", "POST", "smsTemplate", body)["templateCode"])

    def update_text_template(self, code: str, form: TemplateForm) -> str:
        """Change a text template (API 3). Returns its code."""
        body = self._text_template(form, "modifierAccount")
        path = "smsTemplate/" + quote(code, safe="")
        return str(self._call("update_text_template", "PUT", path, body)["templateCode"])

    def query_text_template(self, code: str) -> dict[str, Any]:
        """Ask for a text template and its review (API 4)."""
        return self._call("query_text_template", "GET", "smsTemplate/" + quote(code, safe=""))

    def send_file(
        self, out_id: str, url: str, sign_name: str, code: str, *, variables: bool, limit: int = 0
    ) -> str:
        """Send to the recipients in a file at `url` (API 5, deprecated). Returns the bizId."""
        body = {
            "limit": limit,
            "outId": out_id,
            "phoneOssUrl": url,
            "signName": sign_name,
            "templateCode": code,
            "isVariable": int(variables),
        }
        return str(self._call("send_file", "POST", "sendBatch", body)["bizId"])

    def send_list(
        self,
        out_id: str,
        phones: Sequence[str],
        params: Sequence[Params],
        sign_name: str,
        code: str,
        *,
        limit: int = 0,
    ) -> str:
        """Send to a list (API 6); `params` is as long as `phones`, or empty. Returns the bizId."""
        body = self._recipients(out_id, phones, params, sign_name, code, limit)
        return str(self._call("send_list", "POST", "sendBatchList", body)["bizId"])

    def create_digital_template(self, form: DigitalForm) -> str:
        """Create a digital template (API 7). Returns its code."""
        body = self._digital_template(form)
        answer = self._call("create_digital_template", "POST", "digitalSmsTemplate", body)
        return str(answer["templateCode"])

    def update_digital_template(self, code: str, form: DigitalForm) -> str:
        """Change a digital template (API 8). Returns its code."""
        path = "digitalSmsTemplate/" + quote(code, safe="")
        answer = self._call("update_digital_template", "PUT", path, self._digital_template(form))
        return str(answer["templateCode"])

    def delete_digital_template(self, code: str) -> str:
        """Delete a digital template (API 9). Returns its code."""
        path = "digitalSmsTemplate/" + quote(code, safe="")
        return str(self._call("delete_digital_template", "DELETE", path)["templateCode"])

    def query_digital_template(self, code: str) -> dict[str, Any]:
        """Ask for a digital template and its review by each carrier (API 10)."""
        path = "digitalSmsTemplate/" + quote(code, safe="")
        answer = self._call("query_digital_template", "GET", path)
        carriers = json.loads(answer["supportFactory"])
        if not isinstance(carriers, dict) or carriers.keys() != {"UNICOM", "MOBILE", "TELCOM"}:
            raise ContractBroken("query_digital_template: supportFactory does not name the three carriers.")
        return answer

    def send_digital_list(
        self,
        out_id: str,
        phones: Sequence[str],
        params: Sequence[Params],
        sign_name: str,
        code: str,
        *,
        limit: int = 0,
    ) -> str:
        """Send as `send_list` does, with a digital template (API 11). Returns the bizId."""
        body = self._recipients(out_id, phones, params, sign_name, code, limit)
        return str(self._call("send_digital_list", "POST", "sendDigitalBatchList", body)["bizId"])

    def send_details(
        self, out_id: str, page: int, start: datetime, end: datetime, *, page_size: int = 1000
    ) -> tuple[list[dict[str, Any]], int]:
        """Ask for a page of rows, and how many all pages hold (API 12). The dates are aware."""
        body = {
            "outId": out_id,
            "currentPage": page,
            "pageSize": page_size,
            "startDate": _date(start),
            "endDate": _date(end),
        }
        answer = self._call("send_details", "POST", "sendDetails", body)
        rows: list[dict[str, Any]] = answer["sendDetailDTOs"]
        for row in rows:
            check_detail(row, out_id)
        if len(rows) > page_size:
            raise ContractBroken("send_details: a page is longer than its pageSize.")
        return rows, int(answer["totalCount"])

    def _text_template(self, form: TemplateForm, account_field: str) -> dict[str, Any]:
        return {
            "remark": form.remark,
            "templateContent": form.content,
            "templateName": form.name,
            "templateSubject": form.name,
            "templateType": str(form.type) if self._as_text else form.type,
            account_field: self.account,
        }

    def _digital_template(self, form: DigitalForm) -> dict[str, Any]:
        parts = [
            {
                "fileSuffix": suffix,
                "fileName": name,
                "fileSize": str(len(contents.encode())),
                "fileContents": contents,
                "index": str(index),
            }
            for index, (suffix, name, contents) in enumerate(form.parts, 1)
        ]
        return {
            "remark": form.remark,
            "templateContent": json.dumps(parts, ensure_ascii=False),
            "templateTheme": form.theme,
            "templateSubject": form.theme,
            "smsSignName": form.sign_name,
            "creatorAccount": self.account,
            "isVariable": any("${" in contents for _, _, contents in form.parts),
        }

    def _recipients(
        self,
        out_id: str,
        phones: Sequence[str],
        params: Sequence[Params],
        sign_name: str,
        code: str,
        limit: int,
    ) -> dict[str, Any]:
        values = list(params)
        return {
            "limit": limit,
            "relatedAudienceId": "1024",
            "relatedTaskId": self.task_id,
            "relatedTaskType": 1,
            "taskCreatorAccount": self.account,
            "outId": out_id,
            "signName": sign_name,
            "templateCode": code,
            "phoneNumberJson": list(phones),
            "templateParamJson": json.dumps(values, ensure_ascii=False) if self._as_text else values,
        }

    def _call(
        self, operation: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        response = self._answered(operation, method, f"{self.prefix}/sms/{path}", data)
        answer = read(operation, response, self.platform_name)
        self.platform_name = self.platform_name or answer["platformName"]
        return answer

    def _answered(self, operation: str, method: str, url: str, data: bytes | None) -> requests.Response:
        deadline = self._timing.now() + self._patience_s
        pause = 0.2
        while True:
            query, signature = signing.fresh(self._key, datetime.fromtimestamp(self._timing.now(), UTC8))
            headers = {"X-QA-Hmac-Signature": signature, "Content-Type": "application/json"}
            try:
                response = self._http.request(method, url, params=query, data=data, headers=headers)
                if response.status_code < 500:
                    return response
                problem = f"HTTP {response.status_code}"
            except requests.RequestException as error:
                problem = type(error).__name__
                if _UNBELIEVED in str(error):  # nothing that a repetition could mend
                    raise NoAnswer(
                        f"{operation} has no answer from {self.prefix}: "
                        "its certificate is not believed here. "
                        "Where an authority of your own signed it, name that authority's with --ca."
                    ) from error
            if self._timing.now() + pause > deadline:
                raise NoAnswer(f"{operation} has no answer from {self.prefix}: {problem}.")
            self._timing.sleep(pause)
            pause = min(pause * 2, 5)


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC8).strftime("%Y-%m-%d %H:%M:%S")
