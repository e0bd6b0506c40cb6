"""Alembic's door: migrates over the connection it is handed, inside the transaction that is open there."""

from alembic import context

from relayers.submission_tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
