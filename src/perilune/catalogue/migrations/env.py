"""Alembic's environment: runs on the connection that `catalogue.upgrade` hands over."""

from alembic import context

from perilune.catalogue.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
