# shellcheck shell=bash
# What upgrade, rollback, restore and teardown share: sourced after running.sh, not run.

# What there is, the steps of deploy.sh say: FUNCTIONS, WORKER_JOB, ACCOUNT_NAMES, SECRET_SETTINGS, secret_of, the topics.
for part in settings accounts secrets topics functions scheduler; do
  # shellcheck source=/dev/null
  . "$HERE/steps/$part.sh"
done
WORKER=ticket-monitor-worker
# shellcheck disable=SC2034 # used by those that source this
EVENT_FUNCTIONS=(copy-monitor-job deliver-alert)

choose_settings
SETTINGS_FILE=${SETTINGS:-$HERE/settings.env}

# option NAME: the value of --NAME=VALUE, or yes of --NAME; nothing if it was not said.
option() {
  local one
  for one in "${REST[@]:+${REST[@]}}"; do
    case $one in
      --"$1"=*) printf '%s\n' "${one#*=}" ;;
      --"$1") echo yes ;;
    esac
  done
}

# only NAMES…: stops at an option that is none of these, before anything is done. NAME= takes a value, NAME takes none.
only() {
  local one name known=''
  for name in "$@" dry-run; do known+=" --${name/%=/=…}"; done
  for one in "${REST[@]:+${REST[@]}}"; do
    name=$one
    [[ $one != *=?* ]] || name=${one%%=*}=
    [[ " $* " == *" ${name#--} "* && $name == --?* ]] || fail "$one is not understood; there are:$known"
  done
}

# confirm WORD "what for": goes on only if WORD is typed, or --yes was said. A dry run asks nobody.
confirm() {
  local said=''
  if [[ -n $DRY_RUN || -n $(option yes) ]]; then return 0; fi
  printf '\n%s\nType %s to go on: ' "$2" "$1"
  read -r said || true
  [[ $said == "$1" ]] || fail "nothing was changed"
}

# running NAME [FUNCTION]: the value of this setting in the worker that runs, or in another function; nothing if it has none.
running() {
  local function=${2:-$WORKER}
  ask '' gcloud functions describe "$function" --gen2 --region="$REGION" --format="value(serviceConfig.environmentVariables.$1)"
}

# serving: the release that answers, which after a rollback is not the newest; nothing if it does not say.
serving() {
  local revision said
  revision=$(ask '' gcloud run services describe "$WORKER" --region="$REGION" --format='value(status.traffic[0].revisionName)') || return
  [[ -n $revision ]] || return 0
  said=$(ask '' gcloud run revisions describe "$revision" --region="$REGION" --flatten='spec.containers[0].env[]' \
    --format='csv[no-heading](spec.containers.env.name,spec.containers.env.value)') || return
  sed -n 's/^RELEASE,//p' <<<"$said"
}

# newest_answer: all traffic of every function goes to its newest revision, also after a rollback.
newest_answer() {
  local function
  for function in "${FUNCTIONS[@]}"; do
    step "All of $function's traffic goes to the newest revision, also after a rollback"
    run gcloud run services update-traffic "$function" --region="$REGION" --to-latest --quiet
  done
}

# schema_of RELEASE: the number of its documents' shape; nothing if it does not say.
schema_of() { sed -n 's/^s\([0-9][0-9]*\)-.*/\1/p' <<<"$1"; }
