"""The tables of templates and signatures, and of what each account has of them."""

from sqlalchemy import BigInteger, Column, Index, SmallInteger, String, Table, Text

from .counted import metadata

template = Table(
    "template",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("code", String(30), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("remark", Text, nullable=False),
    Column("sign_name", String(256), nullable=False),
    Column("vendor_code", String(256), nullable=False),
    Column("state", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("carriers", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("deleted", BigInteger),
    # The vendor account that it was filed at: another one cannot tell of its review. "" for none.
    Column("filed_at", String(32), nullable=False, server_default=""),
    Index("ix_template_vendor_code", "channel", "vendor_code"),
)

# A template at each account of its channel but the primary one, whose row is the template's own.
filing = Table(
    "filing",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("code", String(30), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("vendor_code", String(256), nullable=False),
    Column("digest", String(32), nullable=False),
    Column("state", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("carriers", Text, nullable=False),
    Column("filed_at", String(32), nullable=False),
    Column("filed", BigInteger, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("owed", String(8), nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
)

account_sign = Table(
    "account_sign",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("checked", BigInteger, nullable=False),
    # The vendor account that said so; "" for one of before that was noted.
    Column("identity", String(32), nullable=False, server_default=""),
)

sign = Table(
    "sign",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", BigInteger),
    Column("checked", BigInteger, nullable=False),
    # The vendor account that said so; "" for one of before that was noted.
    Column("identity", String(32), nullable=False, server_default=""),
)

# What an account said of a template or a signature when it was last asked; `what` "" for no difference.
drift = Table(
    "drift",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    # The template's code, the signature, or the vendor's code of what is unknown here.
    Column("name", String(256), primary_key=True),
    Column("what", String(16), nullable=False),
    Column("here", Text, nullable=False),
    Column("there", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("asked", BigInteger, nullable=False),
)
