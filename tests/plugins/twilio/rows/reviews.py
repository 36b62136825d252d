"""Signatures, templates and the health of the channel."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from bridge.plugin import (
    Carrier,
    CarrierReview,
    CreatedTemplate,
    CredentialsRejected,
    DigitalTemplateReview,
    Health,
    NoSuchResource,
    ReviewStatus,
    SignReview,
    TemplateReview,
    VendorRejected,
)
from bridge.plugin.http import FetchFailed
from bridge.testing import (
    Exchange,
    Query,
    Reply,
    text_template,
)
from bridge.testing.table.cases import Case

from ..emulator.account import SERVICE_SID
from .wire import (
    CONTENT,
    CONTENT_SID,
    MADE,
    MESSAGES,
    MMS,
    OLD_SID,
    OLDER_SID,
    WHATSAPP,
    approve,
    ask,
    campaigns,
    delete,
    failed,
    picture,
    publish,
    service,
)

ROWS: Sequence[Case] = (
    Query(
        "a digital template is measured",
        "create_digital_template",
        [picture()],
        CreatedTemplate("D-1", ReviewStatus.APPROVED, state=""),
        subject=MMS,
    ),
    Query(
        "a digital template is measured again",
        "update_digital_template",
        [picture(kind="image/jpeg; charset=binary")],
        CreatedTemplate("D-1", ReviewStatus.APPROVED, state=""),
        subject=MMS,
    ),
    Query("its picture is gone", "create_digital_template", [picture(status=404)], FetchFailed, subject=MMS),
    Query(
        "its new picture is gone",
        "update_digital_template",
        [picture(status=404)],
        FetchFailed,
        subject=MMS,
    ),
    Query(
        "a digital template was approved",
        "query_digital_template",
        expect=DigitalTemplateReview(dict.fromkeys(Carrier, CarrierReview(ReviewStatus.APPROVED))),
        subject=MMS,
    ),
    Query("a digital template is deleted", "delete_digital_template", expect=True, subject=MMS),
    Query(
        "a service outside the United States",
        "query_sign",
        [service(), campaigns()],
        SignReview(ReviewStatus.APPROVED),
    ),
    Query(
        "a service that is gone",
        "query_sign",
        [service(failed(20404, 404))],
        NoSuchResource,
    ),
    Query("a signature that is not configured", "query_sign", [], NoSuchResource, subject="Nobody"),
    Query(
        "Content is approved at once",
        "create_template",
        [publish(MADE)],
        CreatedTemplate(CONTENT_SID, ReviewStatus.APPROVED, state='{"retired": []}'),
        settings=CONTENT,
    ),
    Query(
        "Content is refused",
        "create_template",
        [publish(failed(20001))],
        VendorRejected,
        code="20001",
        settings=CONTENT,
    ),
    Query(
        "WhatsApp reviews",
        "create_template",
        [publish(MADE, "Your code is {{1}}."), approve(Reply(201, json={"status": "received"}))],
        CreatedTemplate(CONTENT_SID, ReviewStatus.PENDING, state='{"retired": []}'),
        subject=text_template("Your code is ${code}.", vendor_code=""),
        settings=WHATSAPP,
    ),
    Query(
        "WhatsApp refuses the submission, and the Content goes again",
        "create_template",
        [publish(MADE, "Your code is {{1}}."), approve(failed(20001)), delete(CONTENT_SID)],
        VendorRejected,
        subject=text_template("Your code is ${code}.", vendor_code=""),
        settings=WHATSAPP,
    ),
    Query(
        "a change is new Content, and the last but one goes",
        "update_template",
        [publish(MADE), delete(OLDER_SID)],
        CreatedTemplate(CONTENT_SID, ReviewStatus.APPROVED, state=json.dumps({"retired": [OLD_SID]})),
        subject=text_template(vendor_code=OLD_SID, state=json.dumps({"retired": [OLDER_SID]})),
        settings=CONTENT,
    ),
    Query(
        "what cannot be deleted now is deleted with the next change",
        "update_template",
        [publish(MADE), delete(OLDER_SID, 503)],
        CreatedTemplate(
            CONTENT_SID, ReviewStatus.APPROVED, state=json.dumps({"retired": [OLDER_SID, OLD_SID]})
        ),
        subject=text_template(vendor_code=OLD_SID, state=json.dumps({"retired": [OLDER_SID]})),
        settings=CONTENT,
    ),
    Query(
        "a change is refused",
        "update_template",
        [publish(failed(20001))],
        VendorRejected,
        settings=CONTENT,
    ),
    Query(
        "Content exists",
        "query_template",
        [
            Exchange(
                "GET", "/v1/Content/V-1", Reply(json={"sid": "V-1", "date_created": "2026-01-02T03:04:05Z"})
            )
        ],
        TemplateReview(ReviewStatus.APPROVED, created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        settings=CONTENT,
    ),
    Query(
        "Content was deleted",
        "query_template",
        [Exchange("GET", "/v1/Content/V-1", failed(20404, 404))],
        NoSuchResource,
        settings=CONTENT,
    ),
    Query(
        "WhatsApp rejected it",
        "query_template",
        [
            Exchange(
                "GET",
                "/v1/Content/V-1/ApprovalRequests",
                Reply(json={"whatsapp": {"status": "rejected", "rejection_reason": "ABUSIVE"}}),
            )
        ],
        TemplateReview(ReviewStatus.REJECTED, "ABUSIVE"),
        settings=WHATSAPP,
    ),
    Query(
        "healthy",
        "check_channel",
        [ask(), service(), campaigns()],
        Health("Twilio answers. Signatures: Acme."),
        settings={"senders": {"Acme": {"messaging_service_sid": SERVICE_SID}}},
    ),
    Query(
        "the credentials are refused",
        "check_channel",
        [Exchange("GET", MESSAGES, failed(20003, 401))],
        CredentialsRejected,
    ),
)
