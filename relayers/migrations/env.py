"""Alembic's door: migrates over the connection it is handed, inside the transaction that is open there."""

from alembic import context

from relayers.submission_tables import SubmissionRow

context.configure(connection=context.config.attributes["connection"], target_metadata=SubmissionRow.metadata)
context.run_migrations()
