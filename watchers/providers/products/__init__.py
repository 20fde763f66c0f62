"""Best Buy's Products API v1 in detail: answers, calls, products, and what a search adds up to."""
