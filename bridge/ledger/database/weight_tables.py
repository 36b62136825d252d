"""The tables of weighted routes: the weights now, every change of one, and how often accounts throttled."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from .counted import metadata

# Only what differs from the configured weight.
route_weight = Table(
    "route_weight",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("weight", Integer, nullable=False),
)

route_change = Table(
    "route_change",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("before", Integer, nullable=False),
    Column("after", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_route_change_channel", "channel", "created"),
)

throttling = Table(
    "throttling",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("messages", Integer, nullable=False),
)
