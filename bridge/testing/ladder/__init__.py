"""The rules of each rung, what a table must hold, and the rung that is computed and recorded."""
