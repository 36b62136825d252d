"""Reads the bridge's answers strictly: exactly the documented fields, of exactly the documented types."""

from collections.abc import Mapping
from typing import Any

import requests

_ENVELOPE: dict[str, type] = {"platformName": str, "code": str, "message": str, "requestId": str}
_REVIEW: dict[str, type] = {"createDate": str, "reason": str}
_SENT: dict[str, type] = {"bizId": str}
_CODED: dict[str, type] = {"templateCode": str}
_ANSWERS: dict[str, dict[str, type]] = {
    "query_sign": {**_REVIEW, "signName": str, "signStatus": int},
    "create_text_template": _CODED,
    "update_text_template": _CODED,
    "query_text_template": {
        **_REVIEW,
        **_CODED,
        "templateContent": str,
        "templateName": str,
        "templateStatus": int,
        "templateType": int,
    },
    "send_file": _SENT,
    "send_list": _SENT,
    "create_digital_template": _CODED,
    "update_digital_template": _CODED,
    "delete_digital_template": _CODED,
    "query_digital_template": {
        **_REVIEW,
        **_CODED,
        "supportFactory": str,
        "templateName": str,
        "templateStatus": int,
    },
    "send_digital_list": _SENT,
    "send_details": {"sendDetailDTOs": list, "totalCount": int},
}
_DETAIL: dict[str, type] = {
    "content": str,
    "errCode": str,
    "outId": str,
    "phoneNum": str,
    "receiveDate": str,
    "sendDate": str,
    "sendStatus": int,
    "templateCode": str,
}


class BridgeRefused(Exception):
    """The bridge answered in good form that it will not; `status` is HTTP's, `code` the body's."""

    def __init__(self, operation: str, status: int, code: str, message: str) -> None:
        super().__init__(f"{operation} was refused: {message} (code {code}, HTTP {status})")
        self.operation = operation
        self.status = status
        self.code = code
        self.message = message


class ContractBroken(Exception):
    """The answer is not what the contract promises."""


def read(operation: str, response: requests.Response, platform_name: str | None) -> dict[str, Any]:
    """Return the body of a successful answer; `platform_name` None accepts any name.

    Raises BridgeRefused for a well-formed refusal and ContractBroken for anything else.
    """
    answer = _json(operation, response)
    succeeded = response.status_code == 200 and answer.get("code") in ("OK", "200")
    if succeeded:
        _check_fields(operation, answer, {**_ENVELOPE, **_ANSWERS[operation]})
    else:
        _check_fields(operation, {name: answer.get(name) for name in _ENVELOPE}, _ENVELOPE)
    if platform_name is not None and answer["platformName"] != platform_name:
        raise ContractBroken(
            f"{operation}: platformName is {answer['platformName']!r}, not {platform_name!r}."
        )
    if not succeeded:
        raise BridgeRefused(operation, response.status_code, answer["code"], answer["message"])
    return answer


def check_detail(row: Any, out_id: str) -> None:
    """Check one row of the send details. Raises ContractBroken."""
    _check_fields("send_details", row, _DETAIL)
    if row["outId"] != out_id or row["sendStatus"] not in (1, 2):
        raise ContractBroken("send_details: a row has another outId, or a sendStatus that is not 1 or 2.")


def _json(operation: str, response: requests.Response) -> dict[str, Any]:
    if not response.headers.get("content-type", "").startswith("application/json"):
        raise ContractBroken(f"{operation}: HTTP {response.status_code} without JSON.")
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        raise ContractBroken(f"{operation}: the answer is no JSON.") from None
    if not isinstance(answer, dict):
        raise ContractBroken(f"{operation}: the answer is no JSON object.")
    return answer


def _check_fields(operation: str, answer: Any, fields: Mapping[str, type]) -> None:
    if not isinstance(answer, dict) or answer.keys() != fields.keys():
        raise ContractBroken(f"{operation}: the fields are not exactly {', '.join(sorted(fields))}.")
    for name, wanted in fields.items():
        if type(answer[name]) is not wanted:
            raise ContractBroken(f"{operation}: {name} is not of type {wanted.__name__}.")
