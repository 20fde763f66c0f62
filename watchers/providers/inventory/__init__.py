"""Ticketmaster's Inventory Status v1 in detail: one call, and what its answer says of an event."""
