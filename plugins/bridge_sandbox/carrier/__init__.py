"""The sandbox carrier: an HTTP service of its own that takes messages, remembers them and reports on them.

It imports nothing of the bridge and shares no memory with it, so lost answers, kills and duplicates are
real. `python -m bridge_sandbox.carrier` starts it.
"""
