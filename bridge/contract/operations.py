"""Every operation that Quick Audience may ask for: one row each.

Routes, the OpenAPI document and the tests iterate over this table and know of nothing beside it; what serves
a row stands in `bridge.web.operations`. The titles are this bridge's: the published ones are copied wrongly
in places, so method and path alone decide.
"""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from bridge.plugin.text import bare_sign

from . import replies
from .bodies import (
    Body,
    DigitalTemplateBody,
    NoBody,
    SendDetailsBody,
    SendFileBody,
    SendListBody,
    TextTemplateBody,
)

B = TypeVar("B", bound=Body)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Operation(Generic[B, R]):
    """One operation: it reads a body of type B (NoBody for none) and is answered from a result of type R.

    `section` is its number in the published contract, "" for what the bridge answers beyond it.
    `path` is under the prefix, in the form `/sms/name/{parameter}`.
    """

    name: str
    section: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    title: str
    shape: replies.Shape[R]
    body: type[B]
    send: bool = False
    deprecated: bool = False

    @property
    def parameter(self) -> str:
        """Return the name of the path's parameter, or ""."""
        return self.path.partition("{")[2].rstrip("}")

    @property
    def changes(self) -> bool:
        """Return True when serving it twice leaves something else than serving it once."""
        return self.method != "GET" and self.body is not SendDetailsBody and not self.send

    def named(self, parameter: str) -> str:
        """Return the path's parameter as services know it: signatures without brackets, codes as they are."""
        return bare_sign(parameter) if self.parameter == "signName" else parameter.strip()


QUERY_SIGN = Operation(
    "querySign",
    "1",
    "GET",
    "/sms/smsSign/{signName}",
    "Query the review of a signature",
    replies.SIGN,
    NoBody,
)
CREATE_TEXT_TEMPLATE = Operation(
    "createTextTemplate",
    "2",
    "POST",
    "/sms/smsTemplate",
    "Create a text template",
    replies.TEMPLATE_CODE,
    TextTemplateBody,
)
UPDATE_TEXT_TEMPLATE = Operation(
    "updateTextTemplate",
    "3",
    "PUT",
    "/sms/smsTemplate/{templateCode}",
    "Change a text template",
    replies.TEMPLATE_CODE,
    TextTemplateBody,
)
QUERY_TEXT_TEMPLATE = Operation(
    "queryTextTemplate",
    "4",
    "GET",
    "/sms/smsTemplate/{templateCode}",
    "Query the review of a text template",
    replies.TEXT_TEMPLATE,
    NoBody,
)
DELETE_TEXT_TEMPLATE = Operation(
    "deleteTextTemplate",
    "",
    "DELETE",
    "/sms/smsTemplate/{templateCode}",
    "Delete a text template",
    replies.TEMPLATE_CODE,
    NoBody,
)
SEND_FILE = Operation(
    "sendFile",
    "5",
    "POST",
    "/sms/sendBatch",
    "Send text messages to the numbers in a file",
    replies.BIZ_ID,
    SendFileBody,
    send=True,
    deprecated=True,
)
SEND_LIST = Operation(
    "sendList",
    "6",
    "POST",
    "/sms/sendBatchList",
    "Send text messages to a list of numbers",
    replies.BIZ_ID,
    SendListBody,
    send=True,
)
CREATE_DIGITAL_TEMPLATE = Operation(
    "createDigitalTemplate",
    "7",
    "POST",
    "/sms/digitalSmsTemplate",
    "Create a digital template",
    replies.TEMPLATE_CODE,
    DigitalTemplateBody,
)
UPDATE_DIGITAL_TEMPLATE = Operation(
    "updateDigitalTemplate",
    "8",
    "PUT",
    "/sms/digitalSmsTemplate/{templateCode}",
    "Change a digital template",
    replies.TEMPLATE_CODE,
    DigitalTemplateBody,
)
DELETE_DIGITAL_TEMPLATE = Operation(
    "deleteDigitalTemplate",
    "9",
    "DELETE",
    "/sms/digitalSmsTemplate/{templateCode}",
    "Delete a digital template",
    replies.TEMPLATE_CODE,
    NoBody,
)
QUERY_DIGITAL_TEMPLATE = Operation(
    "queryDigitalTemplate",
    "10",
    "GET",
    "/sms/digitalSmsTemplate/{templateCode}",
    "Query the carriers' reviews of a digital template",
    replies.DIGITAL_TEMPLATE,
    NoBody,
)
SEND_DIGITAL_LIST = Operation(
    "sendDigitalList",
    "11",
    "POST",
    "/sms/sendDigitalBatchList",
    "Send digital messages to a list of numbers",
    replies.BIZ_ID,
    SendListBody,
    send=True,
)
SEND_DETAILS = Operation(
    "sendDetails",
    "12",
    "POST",
    "/sms/sendDetails",
    "Query sent messages",
    replies.DETAILS,
    SendDetailsBody,
    deprecated=True,
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    QUERY_SIGN,
    CREATE_TEXT_TEMPLATE,
    UPDATE_TEXT_TEMPLATE,
    QUERY_TEXT_TEMPLATE,
    DELETE_TEXT_TEMPLATE,
    SEND_FILE,
    SEND_LIST,
    CREATE_DIGITAL_TEMPLATE,
    UPDATE_DIGITAL_TEMPLATE,
    DELETE_DIGITAL_TEMPLATE,
    QUERY_DIGITAL_TEMPLATE,
    SEND_DIGITAL_LIST,
    SEND_DETAILS,
)
