"""What other people's linters say of the captured environments, and what the whole stack of checks catches."""
