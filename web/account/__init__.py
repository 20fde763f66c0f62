"""Signing in is proving a contact; there are no passwords.

``addresses.py`` reads what was typed, ``asking.py`` asks (within ``throttle.py``), ``proving.py`` compares
and binds. ``signing_in.py`` and ``contact_pages.py`` are the pages, which share ``questions.py``; who is
signed in, and for how long, is ``web/entry.py``'s. ``firebase.py`` believes Google's tokens. The codes are
``notifiers/proofs.py``'s, whose a contact is ``notifiers/owners.py``'s.
"""
