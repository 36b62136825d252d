"""Who is let into the console: links over all processes, and what a provider says of a person."""

from threading import Barrier, Thread

import pytest

from bridge.services.desk.signing_in import ConsoleUser, Role, SigningIn, SignInRefused, TooManyAttempts
from bridge.settings import ConsoleSettings

from ..world import World

SETTINGS = ConsoleSettings.model_validate(
    {
        "secret": "s" * 32,
        "url": "https://sms.example.com",
        "sign_on": {
            "issuer": "https://login.example.com",
            "client_id": "bridge",
            "client_secret": "hidden",
            "roles": {"all": "viewer", "ops": "operator", "root": "admin"},
        },
    }
)


def door(world: World, settings: ConsoleSettings = SETTINGS) -> SigningIn:
    return SigningIn(world.settings, settings, world.ledger, lambda: world.now)


def test_of_many_at_once_one_is_let_in(world: World) -> None:
    """Whatever process they come to."""
    link = door(world).link(ConsoleUser("anna", Role.OPERATOR), "shell:root")
    start, found = Barrier(8), list[str]()

    def come() -> None:
        start.wait()
        try:
            found.append(door(world).by_link(link.rpartition("/")[2]).name)
        except SignInRefused as refused:
            found.append(str(refused))

    threads = [Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["This link was used already."] * 7 + ["anna"]


NONE = "The provider knows you, but gives you no role here."
# What the provider says, and who comes of it.
CLAIMS = [
    ({"email": "anna@example.com", "groups": ["ops"]}, ("anna@example.com", Role.OPERATOR)),
    ({"email": "anna@example.com", "groups": ["all", "root", "ops"]}, ("anna@example.com", Role.ADMIN)),
    ({"email": "anna@example.com", "groups": "all"}, ("anna@example.com", Role.VIEWER)),
    ({"email": "13800000001", "groups": "all"}, ("138******01", Role.VIEWER)),
    ({"email": "a" * 300, "groups": "all"}, ("a" * 100, Role.VIEWER)),
    ({"email": "anna@example.com", "groups": ["others"]}, NONE),
    ({"email": "anna@example.com", "groups": []}, NONE),
    ({"email": "anna@example.com"}, NONE),
    ({"email": "anna@example.com", "groups": [["ops"], {"ops": 1}, 7, None]}, NONE),
    ({"email": "anna@example.com", "groups": {"ops": True}}, NONE),
    ({"email": "", "groups": ["ops"]}, NONE),
    ({"groups": ["ops"]}, NONE),
    ({}, NONE),
]


@pytest.mark.parametrize(("claims", "expected"), CLAIMS)
def test_claims_give_the_highest_role(
    world: World, claims: dict[str, object], expected: tuple[str, Role] | str
) -> None:
    """Who has no role, or no name for the audit, is not let in."""
    try:
        person = door(world).by_claims(claims)
        found: tuple[str, Role] | str = (person.name, person.role)
    except SignInRefused as refused:
        found = str(refused)
    assert found == expected
    assert len(world.ledger.audit.acts()) == (0 if isinstance(expected, str) else 1)


def test_without_a_provider_claims_let_nobody_in(world: World) -> None:
    """There is nobody who could have made them."""
    alone = SETTINGS.model_copy(update={"sign_on": None})
    with pytest.raises(SignInRefused, match="no sign-on"):
        door(world, alone).by_claims({"email": "anna@example.com", "groups": ["root"]})


def test_attempts_are_counted_by_address(world: World) -> None:
    """Ten at once, then one every six seconds; another address has its own."""
    for _ in range(10):
        door(world).attempt("192.0.2.1")
    with pytest.raises(TooManyAttempts):
        door(world).attempt("192.0.2.1")
    door(world).attempt("192.0.2.2")
    world.now += 6
    door(world).attempt("192.0.2.1")
    with pytest.raises(TooManyAttempts):
        door(world).attempt("192.0.2.1")
