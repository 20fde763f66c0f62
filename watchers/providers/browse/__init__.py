"""eBay's Browse API v1 in detail: answers, listings, prices, and what a search adds up to."""
