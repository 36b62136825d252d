"""The carriers' codes, row by row as vendors document them."""

import pytest

from bridge.plugin import codes
from bridge.plugin.codes import CodeKind, explain

ROWS = {
    CodeKind.DELIVERED: ["DELIVRD", "DELIVERED", "delivrd", " DELIVRD "],
    CodeKind.WAITING: ["UNKNOWN", "ACCEPTD", "ENROUTE"],
    CodeKind.INVALID_NUMBER: ["MK:0001", "DB:0101"],
    CodeKind.UNREACHABLE: [
        *("EXPIRED", "UNDELIV", "MK:0005", "MK:0013", "MK:0010", "MK:0023"),
        *("MI:0024", "MI:0042", "MI:0076", "MI:0082", "MI:0019", "MI:0051", "DB:0102"),
    ],
    CodeKind.INVALID_OR_UNREACHABLE: ["MI:0054", "MI:0059", "MI:0072", "MI:0073", "MI:0210"],
    CodeKind.BLOCKED: ["REJECTD"],
    CodeKind.OPTED_OUT: ["DB:0144", "DBBLACK", "MBBLACK", "TDBLACK", "BLACK", "SC:0016"],
    CodeKind.CONTENT: ["MK:0014", "MK:0115", "MK:1004", "mk:1004"],
    CodeKind.FREQUENCY: ["MK:1041", "MI:0079", "DB:0142"],
    CodeKind.CONGESTION: ["MI:0061", "MI:0062", "IB:0008", "DB:9007"],
    CodeKind.COMPLIANCE: ["SC:0017", "SC:0018", "CR:0201", "CR:0203", "CR:0215", "CR:0216"],
    CodeKind.ROUTING: ["NP:1243"],
    CodeKind.OPERATOR: ["CA:0053", "CB:0001", "DA:0054", "IC:0151", "MA:0022", "MB:1026", "CA", "SMGPERR:3"],
    CodeKind.UNCLASSIFIED: ["MK:0000", "MK:7777", "X-ray", "CAT", "", "13"],
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, found in ROWS.items() for code in found])
def test_kind(kind: CodeKind, code: str) -> None:
    found = explain(code)
    assert found.kind is kind
    assert found.sentence.endswith(".")


def test_every_kind_and_every_known_code_has_a_row() -> None:
    rows = {code for found in ROWS.values() for code in found}
    assert set(ROWS) == set(CodeKind)
    assert set(codes._EXACT) <= rows


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("MK:0001", "The number does not exist."),
        ("DB:0144", "The recipient is on a block list or has unsubscribed."),
        ("CR:0203", "The vendor does not deliver such messages at this hour."),
        ("SMGPERR:12", "China Telecom's gateway reported an error."),
        ("xy:12 ", "The carrier reported the code xy:12."),
        ("", "The message failed and no code says why."),
    ],
)
def test_sentence(code: str, sentence: str) -> None:
    """An unknown code stays in its sentence as it came."""
    assert explain(code).sentence == sentence
