"""What is kept of a person: messages by number, and how a person is forgotten."""
