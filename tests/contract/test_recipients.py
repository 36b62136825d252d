"""The two lists of a send, in every form Quick Audience may write them."""

import time
from typing import Any

import pytest

from bridge.contract import fields, json_text
from bridge.contract.bodies import SendListBody
from bridge.contract.recipients import params, phones
from bridge.contract.refusal import Refusal

A, B = "13900001111", "13900012222"
TWO = f'["{A}","{B}"]'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (TWO, [A, B]),
        (f"[{A},{B}]", [A, B]),
        (f'["{A}",{B}]', [A, B]),
        ('"[\\"13900001111\\",\\"13900012222\\"]"', [A, B]),
        (f'" [{A}, {B}] "', [A, B]),
        (f'"{A},{B}"', [A, B]),
        (f'"{A}, {B},"', [A, B]),
        (f'"{A}，{B}"', [A, B]),
        (f'"{A}"', [A]),
        (A, [A]),
        ('["+86 139-0000-1111"]', ["+86 139-0000-1111"]),
        ('["0086139 0000 1111"]', ["0086139 0000 1111"]),
        ('[" 85261234567 "]', [" 85261234567 "]),
        ('[""]', [""]),
        ('["nonsense"]', ["nonsense"]),
        (f'["{A}","{A}"]', [A, A]),
    ],
)
def test_phones(value: str, expected: list[str]) -> None:
    assert phones({"phoneNumberJson": json_text.decode(value)}) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("null", "phoneNumberJson: this field is required"),
        ('""', "phoneNumberJson: this field is required"),
        ('" , "', "phoneNumberJson: this field is required"),
        ("[]", "phoneNumberJson: this field is required"),
        ('"[]"', "phoneNumberJson: this field is required"),
        ("true", "phoneNumberJson: a list"),
        ('{"a":"b"}', "phoneNumberJson: a list"),
        (f'["{A}",null]', "phoneNumberJson: entry 2"),
        (f'["{A}",["{B}"]]', "phoneNumberJson: entry 2"),
        ("[true]", "phoneNumberJson: entry 1"),
        (f'"[{A}"', "phoneNumberJson: the text is not a valid JSON list"),
    ],
)
def test_phones_refused(value: str, message: str) -> None:
    with pytest.raises(Refusal, match=message) as caught:
        phones({"phoneNumberJson": json_text.decode(value)})
    assert A not in caught.value.message
    assert caught.value.status == 200


@pytest.mark.parametrize(
    ("value", "count", "expected"),
    [
        ("null", 2, []),
        ('""', 2, []),
        ('"null"', 2, []),
        ("[]", 2, []),
        ('"[]"', 2, []),
        ('[{"name":"aaa","age":123},{"name":"bbb","age":456}]', 2, [("aaa", "123"), ("bbb", "456")]),
        (
            r'"[{\"name\":\"aaa\",\"age\":123},{\"name\":\"bbb\",\"age\":456}]"',
            2,
            [("aaa", "123"), ("bbb", "456")],
        ),
        ('{"name":"aaa","age":1}', 3, [("aaa", "1")] * 3),
        (r'"{\"name\":\"aaa\",\"age\":1}"', 2, [("aaa", "1")] * 2),
        (r'["{\"name\":\"aaa\",\"age\":1.10}"]', 1, [("aaa", "1.10")]),
        ('[{"name":null,"age":true},{"name":"","age":false}]', 2, [("", "true"), ("", "false")]),
        ('[{"name":"${age}","age":1E5}]', 1, [("${age}", "1E5")]),
        ('[{"name":" a ","age":110101199003072316}]', 1, [(" a ", "110101199003072316")]),
    ],
)
def test_params(value: str, count: int, expected: list[tuple[str, str]]) -> None:
    found = params({"templateParamJson": json_text.decode(value)}, count)
    assert [(row["name"], row["age"]) for row in found] == expected


def test_a_null_entry_has_no_values() -> None:
    assert params({"templateParamJson": [None, {}, ""]}, 3) == [{}, {}, {}]


def test_one_object_is_repeated_by_reference() -> None:
    found = params({"templateParamJson": {"name": None}}, 100_000)
    assert len(found) == 100_000
    assert all(row is found[0] for row in found)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[{}]", "holds the values of 1 recipients, but phoneNumberJson holds 2 numbers"),
        ("[{},{},{}]", "holds the values of 3 recipients, but phoneNumberJson holds 2 numbers"),
        ("true", "a list of objects is expected"),
        ('"name"', "a list of objects is expected"),
        ("[{},1]", "entry 2 of the list is not an object"),
        ("[{},[]]", "entry 2 of the list is not an object"),
        ('[{},{"a":[]}]', "entry 2 of the list: a value is a list or an object"),
        ('{"a":{}}', "entry 1 of the list: a value is a list or an object"),
        ('"[{},"', "not a valid JSON list"),
    ],
)
def test_params_refused(value: str, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        params({"templateParamJson": json_text.decode(value)}, 2)


def a_send(count: int) -> bytes:
    numbers = ",".join(f'"{13800000000 + index}"' for index in range(count))
    values = ",".join(
        f'{{"name":"客户{index}","age":{index}.10,"link":"https://s.example.com/{"a" * 80}?ph={index}"}}'
        for index in range(count)
    )
    return (
        f'{{"outId":"o","signName":"Acme","templateCode":"t","phoneNumberJson":[{numbers}],'
        f'"templateParamJson":[{values}]}}'
    ).encode()


def test_a_long_list_costs_little_more_than_reading_its_json() -> None:
    raw = a_send(50_000)
    plain = checked = float("inf")
    for _ in range(5):
        start = time.thread_time()
        json_text.decode_bytes(raw)
        middle = time.thread_time()
        body = SendListBody.parse(raw)
        plain, checked = min(plain, middle - start), min(checked, time.thread_time() - middle)
    assert body.params[7]["age"] == "7.10"
    assert checked < 2 * plain


def test_nothing_shows_numbers_or_values() -> None:
    source: dict[str, Any] = fields.document(a_send(1))
    assert "138000" not in repr(SendListBody.read(source))
    assert "客户" not in repr(SendListBody.read(source))
