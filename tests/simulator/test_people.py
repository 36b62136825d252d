"""Invented people: no number twice, none that reaches anybody, values that trip careless code."""

import pytest

from bridge.plugin import BadNumber, TemplateType
from bridge.plugin.phone import parse
from bridge.plugin.text import TextContent
from bridge.simulator import invent, render


def test_no_number_occurs_twice() -> None:
    crowds = [*invent(30_000, bad_every=50), *invent(30_000, 30_000), *invent(10, 90_000_000)]
    assert len({person.phone for person in crowds}) == len(crowds)


def test_numbers_are_of_an_unassigned_range_or_bad() -> None:
    crowd = invent(1000, bad_every=100)
    assert sum(person.bad for person in crowd) == 10
    for person in crowd:
        if person.bad:
            with pytest.raises(BadNumber):
                parse(person.phone, TemplateType.PROMOTION)
        else:
            assert person.phone.startswith("154")
            assert parse(person.phone, TemplateType.PROMOTION).national == person.phone


@pytest.mark.parametrize("content", ["", "plain", "${name}", "a ${city} b ${name}${amount}", "${points} 分"])
def test_rendering_agrees_with_the_bridges_own(content: str) -> None:
    for person in invent(50):
        values = {name: str(value) for name, value in person.params.items()}
        assert render(content, person.params) == TextContent(content).render(values)


def test_values_stay_as_they_are() -> None:
    assert render("${a}${b}", {"a": "${b}", "b": "1.10"}) == "${b}1.10"
