"""The status of a signature, read from everything that Twilio says about its sender."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.plugin import NoSuchResource, ReviewStatus

from .conftest import Build
from .emulator import Account, Emulator
from .emulator.account import NUMBER, SERVICE_SID
from .samples import Clock, channel

APPROVED, PENDING, REJECTED = ReviewStatus.APPROVED, ReviewStatus.PENDING, ReviewStatus.REJECTED
TOLL_FREE = "+18885550100"
BRAND_SID = "BN" + "1" * 32
Given = Callable[[Account], object]


def campaign(status: str, brand: str = "APPROVED", **fields: Any) -> Given:
    """Return a campaign of the service, under a brand."""

    def given(account: Account) -> None:
        account.services[SERVICE_SID].campaigns.append(
            {"sid": "QE1", "campaign_status": status, "brand_registration_sid": BRAND_SID, **fields}
        )
        account.brands[BRAND_SID] = {"sid": BRAND_SID, "status": brand, "errors": fields.get("brand_errors")}

    return given


def verification(status: str, **fields: Any) -> Given:
    """Return a verification of the toll-free number."""

    def given(account: Account) -> None:
        account.numbers[TOLL_FREE] = "PN" + "8" * 32
        account.verifications.append(
            {
                "sid": "HH1",
                "tollfree_phone_number_sid": "PN" + "8" * 32,
                "status": status,
                "date_created": "2026-01-01T00:00:00Z",
                **fields,
            }
        )

    return given


def owned(number: str) -> Given:
    return lambda account: account.numbers.update({number: "PN" + "8" * 32})


def alpha(*names: str) -> Given:
    return lambda account: account.services[SERVICE_SID].alpha_senders.extend(names)


def nothing(account: Account) -> None:
    """The account as it is."""


SERVICE = {"messaging_service_sid": SERVICE_SID}
ALPHA = {**SERVICE, "from": "ACME"}
ERRORS = [{"error_code": 30886, "description": "The opt-in is not clear."}, {"error_code": 30896}]


@pytest.mark.parametrize(
    ("sender", "given", "status", "reason"),
    [
        (SERVICE, nothing, APPROVED, ""),
        (SERVICE | {"us_10dlc": True}, nothing, REJECTED, "The messaging service has no A2P 10DLC campaign."),
        (SERVICE, campaign("VERIFIED"), APPROVED, ""),
        (SERVICE, campaign("IN_PROGRESS"), PENDING, ""),
        (SERVICE, campaign("A_NEW_WORD"), PENDING, ""),
        (SERVICE, campaign("FAILED", errors=ERRORS), REJECTED, "The opt-in is not clear. (30886); 30896"),
        (SERVICE, campaign("FAILED"), REJECTED, "FAILED"),
        (SERVICE, campaign("VERIFIED", "IN_REVIEW"), PENDING, ""),
        (SERVICE, campaign("VERIFIED", "PENDING"), PENDING, ""),
        (SERVICE, campaign("VERIFIED", "SUSPENDED"), REJECTED, "SUSPENDED"),
        (SERVICE, campaign("VERIFIED", "DELETION_PENDING"), REJECTED, "DELETION_PENDING"),
        (
            SERVICE,
            campaign("IN_PROGRESS", "FAILED", brand_errors=[{"code": 30794, "message": "Wrong tax id."}]),
            REJECTED,
            "Wrong tax id. (30794)",
        ),
        ({"from": NUMBER}, nothing, APPROVED, ""),
        ({"from": NUMBER, **SERVICE}, campaign("FAILED"), REJECTED, "FAILED"),
        ({"from": "+442071838750"}, nothing, NoSuchResource, ""),
        ({"from": TOLL_FREE}, nothing, NoSuchResource, ""),
        (
            {"from": TOLL_FREE},
            owned(TOLL_FREE),
            REJECTED,
            "The toll-free number was never handed in for verification.",
        ),
        ({"from": TOLL_FREE}, verification("TWILIO_APPROVED"), APPROVED, ""),
        ({"from": TOLL_FREE}, verification("IN_REVIEW"), PENDING, ""),
        (
            {"from": TOLL_FREE},
            verification("TWILIO_REJECTED", rejection_reason="No website.", error_code=30479),
            REJECTED,
            "No website. (30479)",
        ),
        (
            {"from": TOLL_FREE},
            verification(
                "TWILIO_REJECTED",
                rejection_reasons=[{"reason": "No opt-in.", "code": 30489}],
                edit_allowed=True,
            ),
            REJECTED,
            "No opt-in. (30489) It may be corrected and handed in again.",
        ),
        (ALPHA, alpha("OTHER", "Acme"), APPROVED, ""),
        (ALPHA, alpha("OTHER"), NoSuchResource, ""),
        (ALPHA, alpha(*[f"S{number}" for number in range(150)], "ACME"), APPROVED, ""),
        ({"from": "ACME"}, nothing, APPROVED, ""),
        ({"from": "ACME", "status": "pending"}, nothing, PENDING, ""),
        (
            {"from": "ACME", "status": "rejected", "reason": "Not in China."},
            nothing,
            REJECTED,
            "Not in China.",
        ),
        ({"from": "70712"}, nothing, APPROVED, ""),
    ],
)
def test_the_worst_part_decides(
    twilio: Emulator,
    build: Build,
    sender: dict[str, Any],
    given: Given,
    status: ReviewStatus | type[NoSuchResource],
    reason: str,
) -> None:
    """Reasons come through in Twilio's words."""
    given(twilio.account)
    vendor = build(senders={"Acme": sender})
    if isinstance(status, type):
        with pytest.raises(status):
            vendor.query_sign(vendor.channel, "Acme")
    else:
        review = vendor.query_sign(vendor.channel, "【Acme】")
        assert (review.status, review.reason) == (status, reason)
    assert twilio.faults == []


def test_of_several_verifications_the_latest_counts(twilio: Emulator, build: Build) -> None:
    """A number handed in again is reviewed again."""
    verification("TWILIO_REJECTED", date_created="2026-03-01T00:00:00Z")(twilio.account)
    verification("TWILIO_APPROVED", date_created="2026-04-01T00:00:00Z")(twilio.account)
    verification("TWILIO_REJECTED", date_created="2026-02-01T00:00:00Z")(twilio.account)
    vendor = build(senders={"Acme": {"from": TOLL_FREE}})
    assert vendor.query_sign(vendor.channel, "Acme").status is APPROVED


def test_a_review_is_remembered_for_a_minute(twilio: Emulator) -> None:
    """A page full of signatures costs one call each."""
    from bridge_twilio.vendor import Twilio

    clock = Clock()
    vendor = Twilio(channel(base_url=twilio.url, senders={"Acme": SERVICE}), clock=clock)
    campaign("IN_PROGRESS")(twilio.account)
    assert vendor.query_sign(vendor.channel, "Acme").status is PENDING
    twilio.account.services[SERVICE_SID].campaigns[0]["campaign_status"] = "VERIFIED"
    assert vendor.query_sign(vendor.channel, "Acme").status is PENDING
    clock.sleep(60)
    assert vendor.query_sign(vendor.channel, "Acme").status is APPROVED
    vendor.close()


def test_an_error_is_not_remembered(twilio: Emulator, build: Build) -> None:
    """A sender that was added a moment ago is found."""
    vendor = build(senders={"Acme": {"from": "+442071838750"}})
    with pytest.raises(NoSuchResource):
        vendor.query_sign(vendor.channel, "Acme")
    owned("+442071838750")(twilio.account)
    assert vendor.query_sign(vendor.channel, "Acme").status is APPROVED


def test_the_check_names_each_sender_that_cannot_send(twilio: Emulator, build: Build) -> None:
    """An operator sees all of them at once."""
    vendor = build(
        senders={
            "Good": SERVICE,
            "Lost": {"from": "+442071838750"},
            "Bad": {"from": "ACME", "status": "rejected", "reason": "Not registered."},
        }
    )
    health = vendor.check_channel(vendor.channel)
    assert health.error is not None
    assert health.error.reason == (
        "Signatures that cannot send: Lost (The Twilio account has no such phone number.), "
        "Bad (Not registered.)."
    )
