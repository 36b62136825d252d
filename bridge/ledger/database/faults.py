"""What is wrong with a database as a whole."""


class LedgerUnavailable(Exception):
    """The database cannot be used: not reachable, wrong schema, or an unsupported kind."""


class WrongSchema(LedgerUnavailable):
    """The database has the schema of another version: a person must act, waiting does not help."""


class NoDatabase(WrongSchema):
    """There is no SQLite file, nor a sign that there was one."""
