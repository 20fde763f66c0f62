#!/usr/bin/env bash
# deploy.sh PROJECT REGION [--dry-run]: from an empty Google Cloud project to a working Ticket Scout.
#
# Every step looks first and changes only what differs, so it may be broken off anywhere and run again, and is what also
# brings a changed settings.env into effect. --dry-run prints each command and why, calls nothing and needs no account.
# SETTINGS names another file than deploy/settings.env, from where you stand; PYTHON another Python than the one that
# `make install` sets up.

# shellcheck source-path=SCRIPTDIR source=running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
choose_settings
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
for part in settings apis accounts secrets topics firestore functions scheduler domain twilio budget monitoring; do
  # shellcheck source=/dev/null
  . "deploy/steps/$part.sh"
done

SETTINGS_FILE=${SETTINGS:-deploy/settings.env}
PYTHON=${PYTHON:-.venv/bin/python}

main() {
  begin "$@"
  [[ ${#REST[@]} == 0 ]] || fail "this is not understood: ${REST[*]}"
  command -v "$PYTHON" >/dev/null || fail "run \`make install\` first (or say with PYTHON which Python to use)"
  [[ -f .gcloudignore ]] || fail "there is no .gcloudignore: everything in this folder would be uploaded"
  read_settings "$SETTINGS_FILE"
  check_settings
  [[ -n $DRY_RUN ]] || trap say_where_it_stopped EXIT
  # shellcheck disable=SC2034 # the steps use it
  PROJECT_NUMBER=$(ask PROJECT_NUMBER gcloud projects describe "$PROJECT" --format='value(projectNumber)')
  apply_apis
  one_region
  apply_accounts
  apply_firestore
  apply_secrets
  apply_topics
  apply_functions
  apply_invokers
  apply_dead_letters
  apply_scheduler
  apply_monitoring
  apply_twilio
  apply_domain # last what may need rights that the owner of a project need not have
  apply_budget
  trap - EXIT
  step "Done: $(public_url)"
  [[ -z $OFF ]] || printf '# %s\n' "${OFF//$'\n'/$'\n# '}"
}

main "$@"
