"""Answers of single vendors that were read wrongly once, a row each."""

from pathlib import Path

import pytest

from bridge.channels.hooks import Hooks
from bridge.plugin import Outcome, ReviewStatus
from bridge_http.bench import Bench
from bridge_http.schema import Sample

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
ACCEPTED, REJECTED, NOT_SENT, UNKNOWN = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN
HUAWEI = (
    '{"code":"%s","description":"x","result":['
    '{"originTo":"+8613800138000","smsMsgId":"i1","status":"000000"},'
    '{"originTo":"+8613800138001","smsMsgId":"i2","status":"E200028"}]}'
)


def bench(recipe: str, answer: str = "") -> Bench:
    """Return the vendor of a shipped recipe, which hears this."""
    return Bench.for_sample(FOLDER / f"{recipe}.toml", Sample(name="row", answer=answer or "200\n\n{}"))


# recipe, answer to a send -> outcomes
SENDS: list[tuple[str, str, list[Outcome]]] = [
    *[
        (recipe, f"{status}\n\n{HUAWEI % code}", [ACCEPTED, REJECTED])
        for recipe in ("huawei", "huawei_wsse")
        for code in ("E000623", "E000503", "E000510")
        for status in (200, 400)
    ],
    (
        "yunpian",
        '400\n\n{"http_status_code":400,"code":5,"msg":"x","data":[{"code":0,"mobile":"13800138000","sid":1},'
        '{"code":5,"msg":"x","mobile":"13800138001"}]}',
        [ACCEPTED, NOT_SENT],
    ),
    ("telnyx", '400\n\n{"errors":[{"code":"40310"},{"code":"40333"}]}', [NOT_SENT]),
    ("telnyx", '400\n\n{"errors":[{"code":"40310"}]}', [REJECTED]),
    # A code in no table beside one that is: what the first means is not known.
    ("telnyx", '400\n\n{"errors":[{"code":"40310"},{"code":"49999"}]}', [UNKNOWN]),
    ("telnyx", '401\n\n{"errors":[{"code":"40310"},{"code":"49999"}]}', [NOT_SENT]),
    ("telnyx", '400\n\n{"errors":[{"code":"49999"},{"code":"40333"}]}', [UNKNOWN]),
    ("messagebird", '422\n\n{"errors":[{"code":9},{"code":777}]}', [UNKNOWN, UNKNOWN]),
    # Who of several has opted out, nobody says: not all of them, and not one is told so.
    ("yunpian", '400\n\n{"code":10,"msg":"x"}', [UNKNOWN, UNKNOWN]),
    ("submail", '200\n\n{"status":"error","code":253,"msg":"x"}', [UNKNOWN, UNKNOWN]),
    ("vonage", '200\n\n{"messages":[{"status":"1"},{"status":"5"}]}', [UNKNOWN]),
    ("vonage", '200\n\n{"messages":[{"status":"7"},{"status":"99"}]}', [UNKNOWN]),
    ("vonage", '200\n\n{"messages":[{"status":"7"},{"status":"0","message-id":"a"}]}', [ACCEPTED]),
    ("chuanglan_v1", '200\n\n{"code":"0","failNum":"1","msgId":"1"}', [UNKNOWN, UNKNOWN]),
    ("kannel", "200\n\n<html>login</html>", [UNKNOWN]),
    ("kannel", "202\n\n0: Accepted for delivery", [ACCEPTED]),
    ("kannel", "202\n\n3: Queued for later delivery", [ACCEPTED]),
    ("kannel", "200\n\nSent.", [ACCEPTED]),
]


@pytest.mark.parametrize(("recipe", "answer", "outcomes"), SENDS)
def test_an_answer_to_a_send(recipe: str, answer: str, outcomes: list[Outcome]) -> None:
    """A number that was taken is never sent again, whatever the answer as a whole says."""
    made = bench(recipe, answer)
    assert [result.outcome for result in Hooks(made.vendor).send(made.batch())] == outcomes


# what Yunpian finds under a signature's name -> its review
SIGNS: list[tuple[str, ReviewStatus]] = [
    ('{"sign":"【Acme】","check_status":"SUCCESS"}', ReviewStatus.PENDING),
    ('{"sign":"【Acme】","check_status":"APLLYING_VIP"}', ReviewStatus.PENDING),
    (
        '{"sign":"【Acme Shop】","check_status":"SUCCESS"},{"sign":"【Acme】","check_status":"CHECKING"}',
        ReviewStatus.PENDING,
    ),
]


@pytest.mark.parametrize(("found", "status"), SIGNS)
def test_a_signature_is_approved_by_its_own_row_only(found: str, status: ReviewStatus) -> None:
    """A search by a part of the name finds others'; and the word for approval is not confirmed."""
    made = bench("yunpian", f'200\n\n{{"code":0,"total":1,"sign":[{found}]}}')
    assert made.vendor.query_sign(made.channel, "Acme").status is status
