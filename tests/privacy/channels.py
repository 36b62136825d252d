"""A channel that works and six where nothing does; the numbers and secrets that none of them may show."""

import secrets
from collections.abc import Callable

from bridge.ledger import StoredTemplate
from bridge.plugin import Kind, ReviewStatus, TemplateType
from tests.campaign.carriers import SandboxCarrier
from tests.campaign.rig import KEY

SECRETS = {
    name: f"{name.lower()}/{secrets.token_urlsafe(24)}"
    for name in ("OTHER_KEY", "CARRIER_KEY", "ALIYUN_SECRET", "TWILIO_TOKEN", "RECIPE_KEY", "GOSSIP_TOKEN")
}
HOOK_TOKENS = ("campaign-hook-token-0123", "gossip-hook-token-0123456")
TYPED_SECRETS = (KEY, *HOOK_TOKENS, SandboxCarrier._KEY)

DOMESTIC = [f"138572046{index:02d}" for index in range(60)]
FOREIGN = ["14155532671", "447911163456", "85261734567", "6591734567"]
IN_A_FILE = [f"139572046{index:02d}" for index in range(20)]
UNSENT = ["13957304601", "13957304602", "13957304603"]
NUMBERS = [*DOMESTIC, *FOREIGN, *IN_A_FILE, *UNSENT]
SPELLINGS: list[Callable[[str], str]] = [
    str,
    lambda n: f"+86{n}",
    lambda n: f"86{n}",
    lambda n: f"0086{n}",
    lambda n: f"{n[:3]} {n[3:7]} {n[7:]}",
    lambda n: f"+86 {n[:3]}-{n[3:7]}-{n[7:]}",
]

COMMON = f"""
hook_token = "{HOOK_TOKENS[1]}"
key = "env:OTHER_KEY"
callback_url = "{{callbacks}}"
allow_private = true
unknown_deadline_h = 0.001
reconcile_after_s = 1
signs.Acme = "approved"
"""
CHANNELS = f"""
[channels.locked]
platform_name = "Locked"
vendor = "sandbox"
{COMMON}
settings = {{{{ url = "@carrier@", account = "taken", key = "env:CARRIER_KEY", poll = true }}}}
[channels.aliyun]
platform_name = "Aliyun"
vendor = "aliyun"
{COMMON}
settings = {{{{ access_key_id = "testAK", access_key_secret = "env:ALIYUN_SECRET", endpoint = "@echo@" }}}}
[channels.twilio]
platform_name = "Twilio"
vendor = "twilio"
{COMMON}
settings.account_sid = "AC00112233445566778899aabbccddeeff"
settings.auth_token = "env:TWILIO_TOKEN"
settings.base_url = "@echo@"
settings.senders.Acme.from = "ACME"
[channels.recipe]
platform_name = "Recipe"
vendor = "http"
{COMMON}
settings.recipe = "clicksend"
settings.base_url = "@echo@"
settings.secrets = {{{{ username = "acme-user-of-clicksend", key = "env:RECIPE_KEY" }}}}
[channels.gossip]
platform_name = "Gossip"
vendor = "gossip"
{COMMON}
settings.token = "env:GOSSIP_TOKEN"
[channels.nosy]
platform_name = "Nosy"
vendor = "gossip"
policies = ["nosy"]
{COMMON}
settings.token = "env:GOSSIP_TOKEN"
"""
HOSTILE = ("locked", "aliyun", "twilio", "recipe", "gossip", "nosy")


def channels(carrier_url: str, echo_url: str) -> str:
    """Return the tables of the hostile channels."""
    return CHANNELS.replace("@carrier@", carrier_url).replace("@echo@", echo_url)


def stored(name: str, type_: TemplateType) -> StoredTemplate:
    """Return an approved template."""
    return StoredTemplate(
        channel=name,
        code="T-HOSTILE",
        kind=Kind.TEXT,
        type=type_,
        name="Spring",
        content="Dear ${name}",
        remark="",
        sign_name="Acme",
        vendor_code="SMS_1",
        state="",
        status=ReviewStatus.APPROVED,
        reason="",
    )
