"""What carriers say of templates and signatures: a template, its filing at each account, and drift."""
