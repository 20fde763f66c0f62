"""The operator's side: how everything is doing, who is here, what is wrong, and what machines ask.

======== ===================================================================================
facts    what the database and this process know, gathered once, as values
lines    the same in words
status   the page of it, and lists: refused watches, blind targets
people   somebody's page, masked; their plan
mine     anybody's own plan: what it holds, what is used
health   ``/healthz``, ``/readyz``
measured ``/metrics``
======== ===================================================================================
"""
