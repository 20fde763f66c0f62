"""The providers: a plain dict, in the order the form shows them."""
