"""The conformance kit over a recipe with reviewed templates and signatures and a look-up: Tencent Cloud."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from unittest.mock import ANY

from bridge.plugin import (
    Acknowledgement,
    BridgeError,
    ConfigurationRefused,
    CreatedTemplate,
    CredentialsRejected,
    DeliveryReceipt,
    Health,
    MessageStatus,
    MoMessage,
    NoSuchResource,
    Outcome,
    OutcomeUnknown,
    ReceiptPage,
    ReplyPage,
    ReviewStatus,
    SignReview,
    TemplateReview,
    VendorRejected,
    VendorThrottled,
    WebhookRejected,
    from_vendor,
    rejected,
)
from bridge.testing import (
    Exchange,
    Lost,
    Poll,
    Query,
    Reconcile,
    Reply,
    Seen,
    Send,
    VendorTests,
    Webhook,
    batch,
    request,
    text_template,
)

ONE = batch(["13800138000"])
SALE = text_template("Sale today", vendor_code="1110")
SALES = batch(template=SALE)
CODE = text_template(vendor_code="1110")
AT = datetime(2026, 11, 2, 4, 0, 7, tzinfo=UTC)
UNIX = int(AT.timestamp())
PHONE = from_vendor("+8613800138000")
ACK = Acknowledgement(b'{"result":0,"errmsg":"OK"}', "application/json; charset=utf-8")


def told(**response: Any) -> Reply:
    """Return an answer: every one is HTTP 200 with `Response`."""
    return Reply(json={"Response": {**response, "RequestId": "r-1"}})


def error(code: str) -> Reply:
    """Refuse the whole call."""
    return told(Error={"Code": code, "Message": "no"})


def call(action: str, reply: Reply | Lost, **expected: Any) -> list[Exchange]:
    """Return one action and its answer."""
    headers: dict[str, Any] = {"X-TC-Action": action, "X-TC-Version": "2021-01-11", "Authorization": ANY}
    return [Exchange("POST", "/", reply, headers=headers, **expected)]


def sent(number: str, code: str, reply: Reply | Lost) -> list[Exchange]:
    """Return a call of its own for every set of values."""
    body = {
        "PhoneNumberSet": [number],
        "SmsSdkAppId": "1400006666",
        "SignName": "Acme",
        "TemplateId": "V-1",
        "TemplateParamSet": [code],
        "SessionContext": "c1",
    }
    return call("SendSms", reply, json=body)


def entries(*codes: str) -> Reply:
    """Return one entry per number."""
    return told(
        SendStatusSet=[{"SerialNo": f"s{n}" * (c == "Ok"), "Code": c} for n, c in enumerate(codes, 1)]
    )


def looked_up(reply: Reply | Lost) -> list[Exchange]:
    """Return what became of the message to this number, since a minute before it was sent."""
    body = {
        "BeginTime": UNIX - 67,
        "EndTime": ANY,
        "Offset": 0,
        "Limit": 100,
        "PhoneNumber": "+8613800138000",
        "SmsSdkAppId": "1400006666",
    }
    return call("PullSmsSendStatusByPhoneNumber", reply, json=body)


def report(status: str, session: str = "c1") -> dict[str, Any]:
    """Return a pulled report."""
    return {
        "UserReceiveTime": UNIX,
        "PhoneNumber": "+8613800138000",
        "SerialNo": f"s-{session}",
        "ReportStatus": status,
        "Description": "DELIVRD",
        "SessionContext": session,
    }


def pushed(status: str) -> list[dict[str, Any]]:
    """Return a pushed report."""
    return [
        {
            "user_receive_time": "2026-11-02 12:00:07",
            "nationcode": "86",
            "mobile": "13800138000",
            "report_status": status,
            "errmsg": "DELIVRD",
            "sid": "s1",
        }
    ]


REPLIED = {"PhoneNumber": "+8613800138000", "ReplyContent": "T", "SignName": "Acme", "ReplyTime": UNIX}
REVIEWED = {"StatusCode": -1, "ReviewReply": "no reason", "CreateTime": UNIX}


class TestTencent(VendorTests):
    vendor = "http"
    title = "http (recipe tencent)"
    settings = {
        "recipe": "tencent",
        "base_url": "{url}",
        "secrets": {"id": "secret-id", "key": "secret-key"},
        "values": {"app_id": "1400006666", "sign_ids": {"Acme": 123456}},
    }
    statuses = {"SUCCESS": MessageStatus.DELIVERED, "FAIL": MessageStatus.UNDELIVERABLE}
    errors = {
        "AuthFailure.SignatureFailure": CredentialsRejected,
        "UnauthorizedOperation.SmsSdkAppIdVerifyFail": CredentialsRejected,
        "FailedOperation.InsufficientBalanceInSmsPackage": CredentialsRejected,
        "RequestLimitExceeded": VendorThrottled,
        "LimitExceeded.DeliveryFrequencyLimit": VendorThrottled,
        "LimitExceeded.PhoneNumberDailyLimit": VendorRejected,
        "FailedOperation.PhoneNumberInBlacklist": VendorRejected,
        "FailedOperation.TemplateIdNotExist": ConfigurationRefused,
        "InternalError.Timeout": OutcomeUnknown,
        "InvalidParameterValue.IncorrectPhoneNumber": VendorRejected,
    }
    unsigned_webhooks = "Tencent Cloud signs no callback; the secret address is the guard"
    families = {
        "AuthFailure": "the recipe reads every code of this family alike (AuthFailure*)",
        "UnauthorizedOperation": "the recipe reads every code of this family alike (UnauthorizedOperation*)",
        "RequestLimitExceeded": "the recipe reads every code of this family alike (RequestLimitExceeded*)",
        "InvalidParameterValue": "the recipe reads every code of this family alike (InvalidParameter*)",
    }
    public_settings = {"client_key": "it is the path of a file"}
    taken: ClassVar[dict[str, str]] = {}
    cases = [
        Send(
            "own values, own calls",
            [
                *sent("+8613800138000", "1001", entries("Ok")),
                *sent("+8613900139000", "1002", entries("Ok")),
            ],
            expect=["s1", "s1"],
        ),
        Send("equal values, one call", call("SendSms", entries("Ok", "Ok")), ["s1", "s2"], batch=SALES),
        Send(
            "one of two is refused",
            call("SendSms", entries("LimitExceeded.PhoneNumberDailyLimit", "Ok")),
            [rejected("LimitExceeded.PhoneNumberDailyLimit", ""), "s2"],
            batch=SALES,
        ),
        Send("an answer too short", call("SendSms", entries("Ok")), Outcome.UNKNOWN, batch=SALES),
        Send("no answer", call("SendSms", Lost.TIMEOUT), OutcomeUnknown, batch=ONE),
        Send("too fast", call("SendSms", error("RequestLimitExceeded")), VendorThrottled, batch=ONE),
        Send(
            "a wrong key",
            call("SendSms", error("AuthFailure.SignatureFailure")),
    CredentialsRejected,
            batch=ONE,
        ),
        Reconcile(
            "found by the reference it was sent with, among others to the number",
            looked_up(told(PullSmsSendStatusSet=[report("FAIL", "c0"), report("SUCCESS", "c1")])),
            "s-c1",
            batch=ONE,
        ),
        Reconcile(
            "another message to the number proves nothing",
            looked_up(told(PullSmsSendStatusSet=[report("SUCCESS", "c0")])),
            Outcome.UNKNOWN,
            batch=ONE,
        ),
        Reconcile("not there yet", looked_up(told(PullSmsSendStatusSet=[])), Outcome.UNKNOWN, batch=ONE),
        Reconcile("the question is lost", looked_up(Lost.RESET), Outcome.UNKNOWN, batch=ONE),
        Reconcile(
            "the look-up is not activated",
            looked_up(error("UnauthorizedOperation")),
            Outcome.UNKNOWN,
            batch=ONE,
        ),
        Query(
            "a refused signature",
            "query_sign",
            call(
                "DescribeSmsSignList",
                told(DescribeSignListStatusSet=[REVIEWED]),
                json={"International": 0, "SignIdSet": [123456]},
            ),
            SignReview(ReviewStatus.REJECTED, "no reason", AT),
        ),
        Query(
            "an unknown signature",
            "query_sign",
            call("DescribeSmsSignList", told(DescribeSignListStatusSet=[])),
            NoSuchResource,
            code="not-found",
        ),
        Query(
            "a new template",
            "create_template",
            call(
                "AddSmsTemplate",
                told(AddTemplateStatus={"TemplateId": "1110"}),
                json={
                    "TemplateName": "code",
                    "TemplateContent": "Your code is {1}",
                    "SmsType": 2,
                    "International": 0,
                    "Remark": "",
                },
            ),
            CreatedTemplate("1110", ReviewStatus.PENDING, ""),
        ),
        Query(
            "a template without a signature for it",
            "create_template",
            call("AddSmsTemplate", error("FailedOperation.MissingTemplateToModify")),
            VendorRejected,
        ),
        Query(
            "a changed template",
            "update_template",
            call("ModifySmsTemplate", told(ModifyTemplateStatus={"TemplateId": 1110})),
            CreatedTemplate("1110", ReviewStatus.PENDING, ""),
            subject=CODE,
        ),
        Query(
            "a change of what is not there",
            "update_template",
            call("ModifySmsTemplate", error("FailedOperation.TemplateIdNotExist")),
            NoSuchResource,
            subject=CODE,
        ),
        Query(
            "a refused template",
            "query_template",
            call(
                "DescribeSmsTemplateList",
                told(DescribeTemplateStatusSet=[REVIEWED]),
                json={"International": 0, "TemplateIdSet": [1110]},
            ),
            TemplateReview(ReviewStatus.REJECTED, "no reason", AT),
            subject=CODE,
        ),
        Query(
            "a lost template",
            "query_template",
            call("DescribeSmsTemplateList", told(DescribeTemplateStatusSet=[])),
            NoSuchResource,
            subject=CODE,
        ),
        Query(
            "a template deleted",
            "delete_template",
            call("DeleteSmsTemplate", told(DeleteTemplateStatus={"DeleteStatus": "return successfully!"})),
            True,
            subject=CODE,
        ),
        Query(
            "a template that is no more",
            "delete_template",
            call("DeleteSmsTemplate", error("FailedOperation.TemplateIdNotExist")),
            True,
            subject=CODE,
        ),
        Query(
            "a template of another",
            "delete_template",
            call("DeleteSmsTemplate", error("UnauthorizedOperation")),
    CredentialsRejected,
            subject=CODE,
        ),
        Query(
            "a good account",
            "check_channel",
            call("SendStatusStatistics", told(SendStatusStatistics={"FeeCount": 0})),
            Health("Tencent Cloud SMS 腾讯云短信 answers."),
        ),
        Query(
            "a bad account",
            "check_channel",
            call("SendStatusStatistics", error("AuthFailure.SecretIdNotFound")),
    CredentialsRejected,
        ),
        Poll(
            "a page of receipts",
            "poll_receipts",
            call("PullSmsSendStatus", told(PullSmsSendStatusSet=[report("FAIL")])),
            ReceiptPage(
                [
                    DeliveryReceipt(
                        MessageStatus.UNDELIVERABLE,
                        batch_ref="c1",
                        vendor_id="s-c1",
                        phone=PHONE,
                        reason="DELIVRD",
                        at=AT,
                    )
                ],
                "",
                True,
            ),
        ),
        Poll("no receipts for an attacker", "poll_receipts", call("PullSmsSendStatus", error("AuthFailure")),
             CredentialsRejected),
        Poll(
            "a page of replies",
            "poll_replies",
            call("PullSmsReplyStatus", told(PullSmsReplyStatusSet=[REPLIED])),
            ReplyPage([MoMessage(PHONE, "T", AT, sign_name="Acme")], "", True),
        ),
        Poll("no replies for an attacker", "poll_replies", call("PullSmsReplyStatus", error("AuthFailure")),
             CredentialsRejected),
        Webhook(
            "a receipt",
            request(tail="/receipt", json=pushed("SUCCESS")),
            receipts=[
                DeliveryReceipt(MessageStatus.DELIVERED, vendor_id="s1", phone=PHONE, code="DELIVRD", at=AT)
            ],
            acknowledgement=ACK,
        ),
        Webhook(
            "a reply",
            request(
                tail="/reply",
                json={"mobile": "13800138000", "nationcode": "86", "sign": "Acme", "text": "T", "time": UNIX},
            ),
            replies=[MoMessage(PHONE, "T", AT, sign_name="Acme")],
            acknowledgement=ACK,
        ),
        Webhook("another address", request(tail="/other", json=[]), expect=WebhookRejected),
    ]  # fmt: skip

    def status_row(self, status: str) -> Webhook:
        """Return a report with this status."""
        return Webhook(status, request(tail="/receipt", json=pushed(status)))

    def error_row(self, code: str) -> Send:
        """Return a number of a call that meets this code."""
        known: type[BridgeError] = self.error_kinds().get(code, VendorRejected)
        return Send(code, call("SendSms", entries(code)), expect=known, batch=ONE)

    def campaign_answer(self, seen: Seen) -> tuple[Reply, Sequence[str]]:
        """Reviews are passed, every message is taken, and the look-up shows what was."""
        action = {name.lower(): value for name, value in seen.headers.items()}["x-tc-action"]
        body = seen.json
        if action == "SendSms":
            numbers = body["PhoneNumberSet"]
            self.taken.update(dict.fromkeys(numbers, body["SessionContext"]))
            return entries(*["Ok"] * len(numbers)), numbers
        if action == "PullSmsSendStatusByPhoneNumber":
            number = body["PhoneNumber"]
            found = [report("SUCCESS", self.taken[number])] if number in self.taken else []
            return told(PullSmsSendStatusSet=[{**each, "PhoneNumber": number} for each in found]), ()
        passed = [{**REVIEWED, "StatusCode": 0, "ReviewReply": ""}]
        return told(
            AddTemplateStatus={"TemplateId": "1110"},
            DescribeTemplateStatusSet=passed,
            DescribeSignListStatusSet=passed,
            SendStatusStatistics={"FeeCount": 0},
        ), ()
