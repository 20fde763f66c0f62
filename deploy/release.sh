#!/usr/bin/env bash
# Prints the name of the release that lies in this folder: s1-0123456789ab, the number of its documents' shape
# (watchers/schema.py) and its commit. Functions carry it as RELEASE, so that a rollback knows which revision is which.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

schema=$(sed -n 's/^SCHEMA = \([0-9][0-9]*\)$/\1/p' watchers/schema.py)
if commit=$(git rev-parse --short=12 HEAD 2>/dev/null); then
  git diff --quiet HEAD -- . 2>/dev/null || commit+=-changed
else
  commit=$(date -u +%Y%m%dt%H%M)
fi
printf 's%s-%s\n' "$schema" "$commit"
