"""Ticketmaster's Discovery Feed in detail: a country's file, its rows, and what is looked for in them."""
