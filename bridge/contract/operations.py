"""Every operation that Quick Audience may ask for: one row each.

Routes, the OpenAPI document and the tests iterate over this table and know of nothing beside it. The titles
are this bridge's: the published ones are copied wrongly in places, so method and path alone decide.
"""

from dataclasses import dataclass
from typing import Literal

from bridge.plugin import Kind
from bridge.plugin.text import bare_sign

from . import replies
from .bodies import Body, DigitalTemplateBody, SendDetailsBody, SendFileBody, SendListBody, TextTemplateBody


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    `section` is its number in the published contract, "" for what the bridge answers beyond it.
    `path` is under the prefix, in the form `/sms/name/{parameter}`. `service` and `verb` name the method
    that serves it: `services[channel].SERVICE.VERB(parameter?, body?, digest?, kind?)`, where the digest of
    the request is given to sends alone and `kind` to those that serve both kinds.
    """

    name: str
    section: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    title: str
    service: str
    verb: str
    shape: replies.Shape
    body: type[Body] | None = None
    send: bool = False
    kind: Kind | None = None
    deprecated: bool = False

    @property
    def resource(self) -> str:
        """The path segment behind `/sms/`."""
        return self.path.split("/")[2]

    @property
    def parameter(self) -> str:
        """The name of the path's parameter, or ""."""
        return self.path.partition("{")[2].rstrip("}")

    @property
    def changes(self) -> bool:
        """Whether serving it twice leaves something else than serving it once."""
        return self.method != "GET" and self.body is not SendDetailsBody and not self.send

    def named(self, parameter: str) -> str:
        """The path's parameter as services know it: signatures without brackets, codes as they are."""
        return bare_sign(parameter) if self.parameter == "signName" else parameter.strip()


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "querySign",
        "1",
        "GET",
        "/sms/smsSign/{signName}",
        "Query the review of a signature",
        "templates",
        "sign",
        replies.SIGN,
    ),
    Operation(
        "createTextTemplate",
        "2",
        "POST",
        "/sms/smsTemplate",
        "Create a text template",
        "templates",
        "create_text",
        replies.TEMPLATE_CODE,
        TextTemplateBody,
    ),
    Operation(
        "updateTextTemplate",
        "3",
        "PUT",
        "/sms/smsTemplate/{templateCode}",
        "Change a text template",
        "templates",
        "update_text",
        replies.TEMPLATE_CODE,
        TextTemplateBody,
    ),
    Operation(
        "queryTextTemplate",
        "4",
        "GET",
        "/sms/smsTemplate/{templateCode}",
        "Query the review of a text template",
        "templates",
        "query_text",
        replies.TEXT_TEMPLATE,
    ),
    Operation(
        "deleteTextTemplate",
        "",
        "DELETE",
        "/sms/smsTemplate/{templateCode}",
        "Delete a text template",
        "templates",
        "delete_text",
        replies.TEMPLATE_CODE,
    ),
    Operation(
        "sendFile",
        "5",
        "POST",
        "/sms/sendBatch",
        "Send text messages to the numbers in a file",
        "accepting",
        "send_file",
        replies.BIZ_ID,
        SendFileBody,
        send=True,
        deprecated=True,
    ),
    Operation(
        "sendList",
        "6",
        "POST",
        "/sms/sendBatchList",
        "Send text messages to a list of numbers",
        "accepting",
        "send_list",
        replies.BIZ_ID,
        SendListBody,
        send=True,
        kind=Kind.TEXT,
    ),
    Operation(
        "createDigitalTemplate",
        "7",
        "POST",
        "/sms/digitalSmsTemplate",
        "Create a digital template",
        "templates",
        "create_digital",
        replies.TEMPLATE_CODE,
        DigitalTemplateBody,
    ),
    Operation(
        "updateDigitalTemplate",
        "8",
        "PUT",
        "/sms/digitalSmsTemplate/{templateCode}",
        "Change a digital template",
        "templates",
        "update_digital",
        replies.TEMPLATE_CODE,
        DigitalTemplateBody,
    ),
    Operation(
        "deleteDigitalTemplate",
        "9",
        "DELETE",
        "/sms/digitalSmsTemplate/{templateCode}",
        "Delete a digital template",
        "templates",
        "delete_digital",
        replies.TEMPLATE_CODE,
    ),
    Operation(
        "queryDigitalTemplate",
        "10",
        "GET",
        "/sms/digitalSmsTemplate/{templateCode}",
        "Query the carriers' reviews of a digital template",
        "templates",
        "query_digital",
        replies.DIGITAL_TEMPLATE,
    ),
    Operation(
        "sendDigitalList",
        "11",
        "POST",
        "/sms/sendDigitalBatchList",
        "Send digital messages to a list of numbers",
        "accepting",
        "send_list",
        replies.BIZ_ID,
        SendListBody,
        send=True,
        kind=Kind.DIGITAL,
    ),
    Operation(
        "sendDetails",
        "12",
        "POST",
        "/sms/sendDetails",
        "Query sent messages",
        "reporting",
        "details",
        replies.DETAILS,
        SendDetailsBody,
        deprecated=True,
    ),
)
