#!/usr/bin/env bash
# Prints the name of the release that lies in this folder: s1-0123456789ab, the number of its documents' shape
# (watchers/schema.py) and its commit, or its files' digest. Functions carry it as RELEASE, so that a rollback knows which revision is which.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

schema=$(sed -n 's/^SCHEMA = \([0-9][0-9]*\)$/\1/p' watchers/schema.py)
if commit=$(git rev-parse --short=12 HEAD 2>/dev/null); then
  git diff --quiet HEAD -- . 2>/dev/null || commit+=-changed
else
  commit=$(find main.py requirements.txt notifiers store watchers web -type f ! -path '*/__pycache__/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12) # no history: of what the files say
fi
printf 's%s-%s\n' "$schema" "$commit"
