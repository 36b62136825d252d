"""Words that recipes used before, and what is written instead. A file with an old one is told the new one."""

OPERATIONS = {
    "send_text": "send_batch",
    "send_digital": "send_digital_batch",
    "lookup": "reconcile_batch",
    "sign_query": "query_sign",
    "template_create": "create_template",
    "template_modify": "update_template",
    "template_query": "query_template",
    "template_delete": "delete_template",
    "digital_create": "create_digital_template",
    "digital_modify": "update_digital_template",
    "digital_query": "query_digital_template",
    "digital_delete": "delete_digital_template",
    "check": "check_channel",
}
"""Operations, which are called like the hooks of the plugin API."""

CLASSES = {"retry": "throttled", "permanent": "rejected", "ambiguous": "unknown"}
"""Classes of errors, which are called like `bridge.plugin.Consequence`."""

SCHEMES = {"jwt_hs256": "jwt"}
"""Schemes of `verify`."""

KEYS = {"plugin": "vendor", **{f"operations.{old}": new for old, new in OPERATIONS.items()}}
"""Keys of the file by their place."""


def instead_of(new: str) -> str:
    """Say what is written now."""
    return f"is called {new} now"
