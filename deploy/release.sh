#!/usr/bin/env bash
# Prints the name of the release that lies in this folder: s1-0123456789ab, the number of its documents' shape
# (watchers/schema.py) and the last commit that changed what is uploaded. Where what is uploaded is not what that commit says, the
# files' digest follows (s1-0123456789ab-01234567); without a history it stands alone. Functions carry it as RELEASE, so that a
# rollback knows which revision is which.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

uploaded=()
for part in main.py requirements.txt notifiers store watchers web; do # as .gcloudignore says
  [[ ! -e $part ]] || uploaded+=("$part")
done

digest() { # of so many digits
  find "${uploaded[@]}" -type f ! -path '*/__pycache__/*' ! -name '*.po' ! -path '*/.*' -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum | sha256sum | cut -c1-"$1"
}

schema=$(sed -n 's/^SCHEMA = \([0-9][0-9]*\)$/\1/p' watchers/schema.py)
if commit=$(git log -1 --format=%h --abbrev=12 -- "${uploaded[@]}" 2>/dev/null) && [[ -n $commit ]]; then
  changed=$(git status --porcelain --untracked-files=all -- "${uploaded[@]}")
  [[ -z $changed ]] || commit+=-$(digest 8)
else
  commit=$(digest 12)
fi
printf 's%s-%s\n' "$schema" "$commit"
