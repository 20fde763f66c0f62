"""What people read and write: pure text.

``notifiers/messages.py`` is the way in for what we send: a text, a push, or a letter (``letters.py``, with
``digests.py`` for many alerts, ``pictures.py`` for its bars, ``excuses.py`` for why a text did not come).
``phrases.py`` holds what they share, ``gsm.py`` the alphabet of a text and its price. ``replies.py``
understands what comes back, and ``answers.py`` says what we reply.
"""
