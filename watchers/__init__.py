"""Deciding: who watches what, whom to ask next, and whether a price is worth a message.

The whole flow, and where each step lives::

    web form ─► artifacts/{app}/users/{uid}/ticket_monitors/{watch}    the person's own copy
                     │  jobs.py       copy_watch: validated, refused with reasons, or a tombstone
                     ▼
                worker_monitor_jobs/{watch}                            the worker's copy + its state
                     │  worker.py     one run: which boards are due, here or by a message each
                     │  tick.py       one tick of one board
                     │  board.py        what is known about every target, in one document
                     │  homes.py        which boards a provider has (shards.py: which target lies on which)
                     │  folding.py      watches that changed come and go
                     │  choosing.py     which calls to make: schedule.py says who is most urgent,
                     │                  demand.py how keenly each is watched
                     │  asking.py       many calls at once, within quota.py
                     │  providers/      ask upstream -> Observation
                     │  looking.py      what an answer means to its row, and whether it concerns anybody
                     │  concerned.py    telling those: rules.py: decide(watch, state, before, now)
                     │  price_history.py  what a board forgets
                     ▼
                alerts/{alert}        the outbox: `notifiers` takes it from here

The words: kinds.py, target.py (what can be asked), observation.py (what a provider says), watch.py (what a
person asks for), models.py (what we conclude), places.py (where documents lie). An uneventful look needs
neither watch.py nor the rules, so a process that wakes for one does not load them.

Beside it: plan.py says what the quota comes to, in words; resharding.py spreads a provider's targets over
more boards; purse.py keeps a part of the quota for people who search::

    matching/        whether entries of two markets are one event (verdicts.py remembers who said no)
    catalog/         all markets at once: search, compare, deals
    deal.py          how good a price is; probing.py: what only a live call can tell of a provider

Three sentences that every change keeps true:

1. A price is never "seen" without its alert being durable first.
2. Running any step twice, at any line, out of order, or at the same time as itself is harmless.
3. "We could not see" is never "nothing is there".
"""
