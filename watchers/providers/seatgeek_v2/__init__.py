"""SeatGeek's Platform API v2 in detail: its errors, its calls, its searches, one event, and its prices."""
