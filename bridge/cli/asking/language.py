"""The language of `sms-bridge init`: English as the code has it, or what the console's catalogues hold."""

from collections.abc import Callable, Mapping

ENGLISH, CHINESE = "en", "zh-CN"
LANGUAGES = (ENGLISH, CHINESE)
_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Where a shell names its language; the first that is set decides."""

Say = Callable[[str], str]


def phrase(text: str) -> str:
    """Return a text as it is; it marks what is said in the reader's language later."""
    return text


def language_of(variables: Mapping[str, str]) -> str:
    """Return the language of a shell: any Chinese is better served by ours than by English."""
    locale = next((variables[name] for name in _LOCALES if variables.get(name)), "")
    return CHINESE if locale.lower().startswith("zh") else ENGLISH


def speaker(language: str) -> Say:
    """Return what says a text in a language; a text that no catalogue has stays as it is."""
    if language == ENGLISH:
        return phrase
    from bridge.web.console.language import translations  # Flask comes with it: not for every command

    said = translations(language).gettext

    def say(text: str) -> str:
        head, blank, address = text.rpartition(" ")
        if address.startswith("https://"):  # the page of a vendor, which every recipe has its own of
            return f"{say(head)}{blank}{address}"
        return said(text) if text else ""

    return say


BY_VENDORS = (
    phrase("the sandbox carrier (for trying out: it has no handsets)"),
    phrase("Address for delivery reports."),
    phrase("Address for replies."),
    phrase("Address for delivery reports and replies."),
    phrase(
        "Address for delivery reports; each message carries it, so enter it only if the vendor asks for it."
    ),
    phrase(
        "Address for delivery reports and replies; each message carries it, so enter it only if the vendor "
        "asks for it."
    ),
    phrase("Address for reports (copy)."),
    phrase("Address for reports (optout)."),
    phrase("Address for reports (report)."),
    phrase("Address for reports (template)."),
    phrase("Its pages:"),
    phrase(
        "General settings, Receipt and upstream configuration, HTTP batch push: enter this one address for "
        "SmsReport, SmsUp and both kinds of review."
    ),
    phrase(
        "Inbound webhook of the messaging service or number (POST), for replies; status callbacks need no "
        "set-up."
    ),
    phrase("Start it; it takes any key at first, and is told the bridge's address by the bridge:"),
    phrase(
        "Templates are made there by hand; for each: sms-bridge templates approve {channel} CODE "
        "--vendor-code THE-VENDOR'S"
    ),
    phrase("Where the carrier listens, such as http://127.0.0.1:8090"),
    phrase("The account's key: the bearer token of calls, and what webhooks are signed with"),
    phrase("The AccessKey id of a RAM user for API access"),
    phrase("The AccessKey secret of that user"),
    phrase("The Account SID, AC and 32 hexadecimal digits"),
    phrase("The Auth Token; it also verifies webhooks"),
    phrase('What each signature is sent from: { "Acme" = { from = "+1..." } }, or its messaging_service_sid'),
    phrase("the address of its API for your account or region (https://...), see"),
    phrase("the API account (not the console's)"),
    phrase("the API key"),
    phrase("the API key, without the leading key-"),
    phrase("the API password"),
    phrase("the AccessKey"),
    phrase("the AccessKey ID"),
    phrase("the Access Key ID"),
    phrase("the Secret Access Key"),
    phrase("the SecretAccessKey"),
    phrase("the AppKey"),
    phrase("the AppSecret"),
    phrase("the MXT password"),
    phrase("the MXT user name"),
    phrase("the ProjectId, such as org-abc"),
    phrase("the SdkAppId of the SMS application"),
    phrase("the SecretId"),
    phrase("the SecretKey"),
    phrase("its PrivateKey"),
    phrase("the account's PublicKey (https://console.ucloud.cn/uapi/apikey)"),
    phrase("the apikey of the sub-account (账号设置, 子帐号管理)"),
    phrase("the application's APP_Key"),
    phrase("the application's APP_Secret"),
    phrase("the application's id"),
    phrase("the application's key"),
    phrase('the channel number of each signature: { "Acme" = "csms12345678" }'),
    phrase('the id of each signature: { "Acme" = "sms-sign-WWejWQ54455" }'),
    phrase("the key of the SUBHOOK"),
    phrase("the message group (SmsAccount) that sends"),
    phrase("the token of the callbacks: the account id unless another was set in the console"),
)
"""What the vendors of China and those of the bridge itself ask and tell; others' stay in English."""
