"""StubHub's Catalog API in detail: answers, events, and what a search adds up to."""
