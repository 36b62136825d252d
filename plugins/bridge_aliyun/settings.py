"""What a channel's `[channels.NAME.settings]` may say when its vendor is "aliyun"."""

from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal

from pydantic import Field, PositiveFloat, SecretStr, model_validator

from bridge.plugin import PluginSettings, TemplateType

Edit = Literal["refuse", "recreate"]


class RelatedSigns(PluginSettings):
    """The signature a new template is registered with, by its type; "" is `related_sign_name`."""

    captcha: str = ""
    notification: str = ""
    promotion: str = ""

    def of(self, template_type: TemplateType) -> str:
        """Return the signature for this type, or ""."""
        return str(getattr(self, template_type.name.lower(), ""))


class QueueSettings(PluginSettings):
    """Receipts and replies from Simple Message Queue (once MNS); needs the extra `aliyun-queue`.

    Queue names are shown by the console ("Alicom-Queue-<uid>-SmsReport"); "" leaves that queue alone.
    """

    receipts: str = ""
    replies: str = ""
    # The queues live in an account of the vendor's, the same for every domestic customer
    # (help.aliyun.com 101867, read 2026-11).
    endpoint: str = "https://1943695596114318.mns.cn-hangzhou.aliyuncs.com"
    token_endpoint: str = "dybaseapi.aliyuncs.com"  # noqa: S105
    messages_per_page: int = Field(256, ge=16, le=1024)


class AliyunSettings(PluginSettings):
    """One Aliyun account, or one RAM user of it."""

    access_key_id: str = Field(min_length=1)
    """The AccessKey id of a RAM user for API access."""
    access_key_secret: SecretStr = Field(min_length=1)
    """The AccessKey secret of that user."""
    security_token: SecretStr = SecretStr("")
    endpoint: str = "dysmsapi.aliyuncs.com"
    protocol: Literal["HTTPS", "HTTP"] = "HTTPS"
    connect_timeout_s: PositiveFloat = 2.0
    send_timeout_s: PositiveFloat = 10.0
    query_timeout_s: PositiveFloat = 5.0
    connections: int = Field(64, ge=1)

    # SendSms carries its numbers in the URL, a thousand of them in 14 KB; half as much passes any gateway.
    numbers_per_call: int = Field(500, ge=1, le=1000)
    personal_numbers_per_call: int = Field(100, ge=1, le=100)
    split_for_s: PositiveFloat = 60.0
    extend_code: str = ""

    related_sign_name: str = ""
    related_sign_names: RelatedSigns = RelatedSigns()
    intl_type: Literal[0, 1, 2] | None = None
    template_rules: dict[str, str] = Field(default_factory=dict)
    template_rule_default: str = ""
    apply_scene_content: str = ""
    more_data: tuple[str, ...] = ()
    traffic_driving: tuple[dict[str, Any], ...] = ()
    text_edit: Edit = "refuse"

    digital_edit: Edit = "refuse"
    digital_template_transport: Literal["body", "query"] = "body"
    media_hosts: tuple[str, ...] = ()
    media_max_bytes: int = Field(1_900_000, ge=1)

    push_allow_from: tuple[IPv4Network | IPv6Network, ...] = ()
    poll_details: bool = True
    poll_for_s: PositiveFloat = 30.0
    reconcile_probes: int = Field(3, ge=1, le=100)
    queue: QueueSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _endpoint_as_url(cls, values: Any) -> Any:
        """Return an endpoint written as a URL, an emulator's for example, brings its protocol along."""
        if isinstance(values, dict) and "://" in str(values.get("endpoint")):
            protocol, _, host = str(values["endpoint"]).partition("://")
            return values | {"endpoint": host.rstrip("/"), "protocol": protocol.upper()}
        return values
