"""The tables of what messages cost: the prices that apply, and what vendors say they charged."""

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Table

from .counted import metadata

# A price for a segment; message.rate and tally.rate name it, 0 for none. Its amount is bridge.ledger.prices.
rate = Table(
    "rate",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("currency", String(8), nullable=False),
    Column("price", BigInteger, nullable=False),
    Index("ux_rate", "currency", "price", unique=True),
)

# What a vendor's receipt says it charged; a vendor that reports segment by segment charges each.
charge = Table(
    "charge",
    metadata,
    Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    # The vendor's id in the receipt.
    Column("part", String(128), primary_key=True),
    Column("currency", String(8), nullable=False),
    Column("amount", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The sums of charges by send, in slots as the tally has them.
charged = Table(
    "charged",
    metadata,
    Column("send_id", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("currency", String(8), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
)
