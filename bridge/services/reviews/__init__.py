"""Templates and signatures at each account: filed, asked for, taken over, compared."""
