"""A small market, phone and mailbox on this machine, so that everything can be tried without an account.

No product code imports it; it speaks the real wire formats, so the product cannot tell the difference::

    __main__.py      `make run`: starts what has no real account, then the product
    environment.py     what the product is told
    servers.py         ports, and serving an app (also for tests)
    market.py        Ticketmaster's and Steam's APIs, and a page to change prices   (Market, market_app)
    phone.py         Twilio's Messages, and a page that shows the texts             (Phone, phone_app)
    mailbox.py       SMTP, and pages that show the mails                            (Mailbox, mailbox_app)
    pages.py         the look they share, with templates/
"""
