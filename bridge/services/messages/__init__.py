"""The life of a message: accepted, drafted, routed, called, and settled where the outcome is unknown."""
