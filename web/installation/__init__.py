"""What an operator wants to know of an installation on Google Cloud: ``scout.py doctor --cloud``.

Only reads: nothing is written, sent or called for the installation. What is looked at is what is deployed:
the settings and secrets are those of the functions themselves. ``examining.py`` asks all the questions,
``google.py`` Google, ``vendors.py`` Twilio, the mail server and the providers, each at most once.
"""
