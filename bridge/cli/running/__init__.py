"""`serve`, `worker` and `healthy`: the processes that an operator starts."""
