"""The JSON API under ``/api/v1``: what the pages can do, for programs.

    table.py ─► routes.py        each operation is one entry of a table: the routes are made from it
            └─► description.py   and so is the OpenAPI description; neither can say what the other does not

operation.py    what an entry says, and what its function is given and gives back
answering.py    one request: who asks, how often, what they ask for, and the answer
callers.py      who asks: a token, or one's own browser
tokens.py       tokens as they are kept: never themselves, only their digest
reading.py      bodies and queries as models; every fault with a pointer to it
repeats.py      the same request twice is one request (``Idempotency-Key``)
paging.py       a page, and the cursor of the next
problems.py     what went wrong (RFC 9457)
models.py       what is answered; money is text with its currency, what is not known is null
mine.py · watches.py · standing.py · told.py · markets.py · keys.py    the operations
guide.py · token_page.py                                               two pages for people
"""
