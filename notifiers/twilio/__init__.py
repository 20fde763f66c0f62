"""What ``notifiers/sms.py`` knows of Twilio.

A connection for each call (``client.py``), what its codes mean (``codes.py``), its list of what it accepted
(``listing.py``), and which of our numbers texts whom (``senders.py``).
"""
