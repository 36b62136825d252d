"""Floor 0: what a plugin may import."""
