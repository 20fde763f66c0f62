"""A small market, phone and mailbox on this machine, so that everything can be tried without an account."""
