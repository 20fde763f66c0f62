"""Ticketmaster's Discovery API v2 in detail: answers, calls, events, prices, searches, and what is a show."""
