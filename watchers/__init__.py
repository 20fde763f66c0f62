"""Deciding: who watches what, whom to ask next, and whether a price is worth a message.

The whole flow, and where each step lives::

    web form ─► artifacts/{app}/users/{uid}/ticket_monitors/{watch}    the person's own copy
                     │  jobs.py       copy_watch: validated, refused with reasons, or a tombstone
                     ▼
                worker_monitor_jobs/{watch}                            the worker's copy + its state
                     │  tick.py       one tick of one board
                     │  board.py        what is known about every target, in one document
                     │  shards.py       which board a target lies on, where there are several
                     │  quota.py        how often the provider may be asked
                     │  plan.py         what that comes to, in words (asks nothing, changes nothing)
                     │  providers/      ask upstream -> Observation
                     │  rules.py        decide(watch, state, before, now) -> Decision
                     ▼
                alerts/{alert}        the outbox: `notifiers` takes it from here

Three sentences that every change keeps true:

1. A price is never "seen" without its alert being durable first.
2. Running any step twice, at any line, out of order, or at the same time as itself is harmless.
3. "We could not see" is never "nothing is there".
"""
