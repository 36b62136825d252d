"""The tables by which processes share work: rates, leases, and which workers there are."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from .counted import metadata

bucket = Table(
    "bucket",
    metadata,
    Column("name", String(160), primary_key=True),
    # The theoretical arrival time of the generic cell rate algorithm, in microseconds.
    Column("arrival", BigInteger, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("cursor", Text, nullable=False, server_default=""),
    Column("due", BigInteger, nullable=False, server_default="0"),
)

worker = Table(
    "worker",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("started", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
)
