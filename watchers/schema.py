"""The number of the shape in which documents are written: docs/adr/0029 is the rule, deploy/ reads it here.

Two versions of the code whose numbers differ by one at most understand what each other writes: an upgrade may
skip none of them, and a rollback goes back one at most. The number goes up by one with the version that first
*writes* what the version before it does not write; the version before already reads it.
"""

SCHEMA = 1
