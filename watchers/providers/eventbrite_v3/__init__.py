"""Eventbrite's API v3 in detail: its errors, its calls, its lists, and one event."""
