"""Text and digital messages handed over."""

from collections.abc import Sequence
from unittest.mock import ANY

from bridge.plugin import (
    CredentialsRejected,
    NoSuchResource,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
    rejected,
)
from bridge.testing import (
    Exchange,
    Lost,
    Reply,
    Send,
    batch,
    text_template,
)
from bridge.testing.table.cases import Case

from ..emulator.account import NUMBER
from ..samples import HOOK
from .wire import (
    CONTENT,
    INTERNATIONAL,
    MESSAGES,
    MMS,
    OTHER_SID,
    PICTURE,
    SID,
    WHATSAPP,
    created,
    failed,
    one,
    post,
)

ROWS: Sequence[Case] = (
    Send(
        "by a messaging service",
        [
            post("m1", "+8613800138000", created(SID), Body="Your code is 1001"),
            post("m2", "+8613900139000", created(OTHER_SID), Body="Your code is 1002"),
        ],
        expect=[SID, OTHER_SID],
    ),
    Send(
        "by a number, the signature in front of the text",
        [
            Exchange(
                "POST",
                MESSAGES,
                created(status="queued"),
                form={
                    "To": "+8613800138000",
                    "From": NUMBER,
                    "Body": "【Bell】Your code is 1001",
                    "ValidityPeriod": "14400",
                    "StatusCallback": f"{HOOK}/status?m=m1&b=c1#rc=3&rp=all",
                },
            )
        ],
        expect=SID,
        batch=one(sign_name="Bell"),
    ),
    Send(
        "international, where the same digits are an American number",
        [post("m1", "+14155552671", created(), Body="Your code is 1001")],
        expect=SID,
        batch=batch(["14155552671"], template=text_template(type=INTERNATIONAL)),
    ),
    Send(
        "a domestic template reads those digits as a mainland number",
        [post("m1", "+8614155552671", created(), Body="Your code is 1001")],
        expect=SID,
        batch=batch(["14155552671"]),
    ),
    Send(
        "an unknown signature",
        expect=NoSuchResource,
        code="UNKNOWN_SIGNATURE",
        batch=batch(sign_name="Nobody"),
    ),
    Send(
        "one opted out",
        [
            post("m1", "+8613800138000", failed(21610), Body=ANY),
            post("m2", "+8613900139000", created(), Body=ANY),
        ],
        expect=[rejected("21610", "The recipient has opted out.", opted_out=True), SID],
    ),
    Send(
        "too many at once",
        [post("m1", "+8613800138000", failed(20429, 429), Body=ANY)],
        VendorThrottled,
        code="20429",
        batch=one(),
    ),
    Send(
        "the answer is late",
        [post("m1", "+8613800138000", Lost.TIMEOUT, Body=ANY)],
        OutcomeUnknown,
        code="READ_TIMEOUT",
        batch=one(),
    ),
    Send(
        "the connection breaks",
        [post("m1", "+8613800138000", Lost.RESET, Body=ANY)],
        OutcomeUnknown,
        code="CONNECTION_LOST",
        batch=one(),
    ),
    Send(
        "a gateway's page",
        [post("m1", "+8613800138000", Reply(503, text="<html>"), Body=ANY)],
        OutcomeUnknown,
        code="503",
        batch=one(),
    ),
    Send(
        "an answer without an id",
        [post("m1", "+8613800138000", Reply(201, json={"status": "queued"}), Body=ANY)],
        OutcomeUnknown,
        code="UNREADABLE_ANSWER",
        batch=one(),
    ),
    Send(
        "an answer that is a list",
        [post("m1", "+8613800138000", Reply(201, json=[1]), Body=ANY)],
        OutcomeUnknown,
        code="UNREADABLE_ANSWER",
        batch=one(),
    ),
    Send(
        "a code the table does not know",
        [post("m1", "+8613800138000", failed(21999), Body=ANY)],
        OutcomeUnknown,
        code="21999",
        batch=one(),
    ),
    Send(
        "a code that the channel classes otherwise",
        [post("m1", "+8613800138000", failed(21999), Body=ANY)],
        CredentialsRejected,
        code="21999",
        batch=one(),
        settings={"error_classes": {"21999": "account"}},
    ),
    Send(
        "an error in the form of RFC 9457",
        [
            post(
                "m1",
                "+8613800138000",
                Reply(400, json={"type": "t", "title": "t", "status": 400, "code": 21211}),
                Body=ANY,
            )
        ],
        VendorRejected,
        code="21211",
        batch=one(),
    ),
    Send(
        "a redirect",
        [post("m1", "+8613800138000", Reply(307, headers={"Location": "https://x.example/"}), Body=ANY)],
        OutcomeUnknown,
        code="307",
        batch=one(),
    ),
    Send(
        "by Content",
        [
            post(
                "m1",
                "+8613800138000",
                created(),
                ContentSid="V-1",
                ContentVariables='{"1": "1001"}',
            )
        ],
        expect=SID,
        batch=one(),
        settings=CONTENT,
    ),
    Send(
        "a variable that Twilio refuses",
        expect=rejected("21656", ""),
        batch=one(params=[{"code": "a\nb"}]),
        settings=CONTENT,
    ),
    Send(
        "a template that was never published",
        expect=NoSuchResource,
        code="NO_CONTENT",
        batch=one(template=text_template(vendor_code="")),
        settings=CONTENT,
    ),
    Send(
        "by WhatsApp",
        [
            Exchange(
                "POST",
                MESSAGES,
                created(),
                form={
                    "To": "whatsapp:+8613800138000",
                    "From": f"whatsapp:{NUMBER}",
                    "ContentSid": "V-1",
                    "ContentVariables": '{"1": "1001"}',
                    "ValidityPeriod": "14400",
                    "StatusCallback": f"{HOOK}/status?m=m1&b=c1#rc=3&rp=all",
                },
            )
        ],
        expect=SID,
        batch=one(),
        settings=WHATSAPP,
    ),
    Send(
        "MMS",
        [post("m1", "+14155552671", created("MM" + "1" * 32), Body="Hello name1001", MediaUrl=PICTURE)],
        expect="MM" + "1" * 32,
        batch=batch(["14155552671"], template=MMS),
    ),
    Send(
        "two MMS",
        [
            post("m1", "+14155552671", created("MM" + "1" * 32), Body="Hello name1001", MediaUrl=PICTURE),
            post("m2", "+12025550123", created("MM" + "2" * 32), Body="Hello name1002", MediaUrl=PICTURE),
        ],
        expect=["MM" + "1" * 32, "MM" + "2" * 32],
        batch=batch(["14155552671", "12025550123"], template=MMS),
    ),
    Send(
        "the answer about an MMS is late",
        [post("m1", "+14155552671", Lost.TIMEOUT, Body=ANY, MediaUrl=PICTURE)],
        expect=OutcomeUnknown,
        batch=batch(["14155552671"], template=MMS),
    ),
    Send(
        "MMS to a country without it",
        expect=rejected("MMS_COUNTRY", ""),
        batch=batch(["442071838750"], template=MMS),
    ),
    Send(
        "MMS from an alphanumeric sender",
        expect=VendorRejected,
        code="NO_MMS_SENDER",
        batch=batch(["14155552671"], template=MMS, sign_name="Cafe"),
    ),
)
