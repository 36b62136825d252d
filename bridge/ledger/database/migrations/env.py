"""Alembic's entry: migrates over the connection that `bridge.ledger.upgrade` opened."""

from alembic import context

from bridge.ledger.database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
