# shellcheck shell=bash
# A Google Cloud of files, for many runs of our scripts in little time: read by bash before the script (BASH_ENV), so that `gcloud`
# and `pretend` (for Python) are functions of its own shell and nothing has to be started. What it answers is what the real gcloud
# was seen to answer to a recorder (test_deploy.py).
#
# CLOUD is the folder that holds everything. After LIFE changes the script dies at once, as if the machine had been switched off.

change() { # WHAT VALUE: it is there from now on
  local place=$CLOUD/${1//\//%}
  printf '%s\n' "$2" >"$place"
  printf '%s\n' "$1" >>"$CLOUD/changes"
  local lived
  lived=$(wc -l <"$CLOUD/changes")
  ((LIFE == 0 || lived < BORN + LIFE)) || kill -9 $$
}

gone() { # KIND/NAME: it is not there any more, nor is what belongs to it
  local name=${1#*/} with=()
  case $1 in
    function/*) with=("policy%$name" "runs-over%$name" "policy%of-$name" "retries%of-$name") ;;
    secret/*) with=("policy%$name" "version%$name") ;;
    account/* | topic/*) with=("policy%$name") ;;
    repository/*) with=("policy%$name" "cleaning%$name") ;;
    job/*) with=("state%$name") ;;
    database/*) with=("backups%$name" "index%$name") ;;
  esac
  rm "$CLOUD/${1//\//%}"
  rm -f "${with[@]/#/$CLOUD/}"
  change "deleted-${1//\//-}" x
}

is_there() { [[ -e $CLOUD/${1//\//%} ]]; }

value() { ! is_there "$1" || cat "$CLOUD/${1//\//%}"; }

names_of() { # KIND: the names of all of this kind
  local one
  for one in "$CLOUD/$1%"*; do [[ ! -e $one ]] || printf '%s\n' "${one##*%}"; done
}

all() { # KIND: the values of all of this kind
  local one
  for one in "$CLOUD/$1%"*; do [[ ! -e $one ]] || cat "$one"; done
}

said() { # FIELD ARGUMENTS…: what the file says that the arguments name, where it says this field first
  local file
  file=$(flag config-from-file "$@")
  sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" "${file:-$(flag policy-from-file "$@")}" | head -1
}

flag() { # NAME ARGUMENTS…: the value of --NAME=
  local name=$1 one
  shift
  for one in "$@"; do [[ $one != "--$name="* ]] || printf '%s' "${one#*=}"; done
}

missing() {
  echo "ERROR: NOT_FOUND: $1 was not found" >&2
  return 1
}

protected() { # DATABASE: whether it may not be deleted, which is said
  is_there "protection/$1" && echo "ERROR: FAILED_PRECONDITION: $1 is protected" >&2
}

described() { # KIND NAME WHAT
  is_there "$1/$2" || missing "$2" || return
  printf '%s\n' "$3"
}

gcloud() {
  local project=$CLOUDSDK_CORE_PROJECT member role
  member=$(flag member "$@") role=$(flag role "$@")
  case "$*" in
    "projects describe"*) echo 123 ;;
    "services list"*) value apis ;;
    "services enable"*) change apis "$(printf '%s\n' "${@:3}")" ;;
    "iam service-accounts list"*) names_of account ;;
    "iam service-accounts delete"*) gone "account/$4" ;;
    "iam service-accounts create"*) change "account/$4@$project.iam.gserviceaccount.com" x ;;
    "beta services identity create"*) touch "$CLOUD/identity%$(flag service "$@")" ;;
    "projects get-iam-policy"*separator*) value "policy/$project" | sed -n 's/,\(serviceAccount:scout-\)/ \1/p' ;;
    "projects remove-iam-policy-binding"*) unbind "policy/$project" "$role,$member" ;;
    *get-iam-policy*) value "policy/$(thing "$@")" ;;
    *add-iam-policy-binding*) bind "policy/$(thing "$@")" "$role,$member" ;;
    "firestore databases describe"*"value(name)"*) described "database" "$(flag database "$@")" x ;;
    "firestore databases describe"*format*) echo "FIRESTORE_NATIVE,europe-west1,POINT_IN_TIME_RECOVERY_ENABLED,DELETE_PROTECTION_ENABLED" ;;
    "firestore databases describe"*) described database "$(flag database "$@")" x ;;
    "firestore databases create"*) touch "$CLOUD/protection%$(flag database "$@")"
      change "database/$(flag database "$@")" x ;;
    "firestore databases update"*--no-delete-protection*) ! is_there "protection/$(flag database "$@")" ||
      gone "protection/$(flag database "$@")" ;;
    "firestore databases delete"*) ! protected "$(flag database "$@")" || return
      gone "database/$(flag database "$@")" ;;
    "firestore databases list"*) names_of database ;;
    "firestore databases restore"*) change "database/$(flag destination-database "$@")" SUCCESSFUL ;;
    "firestore operations list"*) printf 'b1\t%s\n' "$(value "database/$(flag database "$@")")" ;;
    "firestore backups list"*snapshotTime*) printf '%s\t%s\t(default)\n' "projects/$project/locations/europe-west1/backups/b1" 2026-11-28T04:00:00Z ;;
    "firestore backups list"*) names_of backup | sed "s|^|projects/$project/locations/europe-west1/backups/|" ;;
    "firestore backups delete"*) gone "backup/$(flag backup "$@")" ;;
    "firestore backups schedules list"*) value "backups/$(flag database "$@")" ;;
    "firestore backups schedules create"*) touch "$CLOUD/backup%b1" # the next day
      change "backups/$(flag database "$@")" "s1,1209600s,daily" ;;
    "firestore indexes composite list"*json) is_there "index/$(flag database "$@")" && echo '[1]' || echo '[]' ;;
    "firestore indexes composite list"*) ;;
    "firestore indexes fields list"* | "firestore fields ttls list"*) echo '[]' ;;
    "firestore indexes composite create"*) change "index/$(flag database "$@")" x ;;
    "logging metrics list"*"value(name)"*) names_of monitoring-metric ;;
    "logging metrics list"*) all monitoring-metric ;;
    "logging metrics delete"*) gone "monitoring-metric/$4" ;;
    "logging metrics create"*) change "monitoring-metric/$4" "$4"$'\t'"$(said description "$@")" ;;
    "monitoring uptime list-configs"*"value(name"*) names_of monitoring-check ;;
    "monitoring uptime list-configs"*) value monitoring-check/1 ;;
    "monitoring uptime delete"*) gone "monitoring-check/$4" ;;
    "monitoring uptime create"*) change monitoring-check/1 "$(flag resource-labels "$@" | sed 's/host=//; s/,.*//')"$'\t1' ;;
    "beta monitoring channels list"*"value(name)"*) names_of monitoring-channel ;;
    "beta monitoring channels list"*) value monitoring-channel/1 ;;
    "beta monitoring channels delete"*) gone "monitoring-channel/$5" ;;
    "beta monitoring channels create"*) change monitoring-channel/1 "$(flag channel-labels "$@" | sed 's/.*=//')"$'\tchannels/1' ;;
    "alpha monitoring policies list"*"value(name)"*) names_of monitoring-policy ;;
    "alpha monitoring policies list"*) all monitoring-policy ;;
    "alpha monitoring policies delete"*) gone "monitoring-policy/$5" ;;
    "alpha monitoring policies create"*) member=$(said runbook "$@")
      change "monitoring-policy/$member" "$member"$'\t'"$(said version "$@")"$'\t'"alertPolicies/$member" ;;
    "monitoring dashboards list"*"value(name)"*) names_of monitoring-dashboard ;;
    "monitoring dashboards list"*) all monitoring-dashboard ;;
    "monitoring dashboards delete"*) gone "monitoring-dashboard/$4" ;;
    "monitoring dashboards create"*) member=$(said dashboard "$@")
      change "monitoring-dashboard/$member" "$member"$'\t'"$(said version "$@")"$'\te1\t'"$member" ;;
    "auth print-access-token") echo token ;;
    "secrets list"*) names_of secret ;;
    "secrets create"*) change "secret/$3" x ;;
    "secrets delete"*) gone "secret/$3" ;;
    "secrets versions access"*) is_there "version/$(flag secret "$@")" || missing version || return
      value "version/$(flag secret "$@")" ;;
    "secrets versions add"*) change "version/$4" "$(cat)" ;;
    "secrets versions list"*) grep -cx "version/$4" "$CLOUD/changes" ;;
    "secrets set-iam-policy"*) change "policy/$3" "$(cat | tr -d '[]{}" ' | sed 's/.*members://' | tr ',' '\n' | sed 's|^|roles/secretmanager.secretAccessor,|')" ;;
    "pubsub topics list"*) names_of topic ;;
    "pubsub topics create"*) change "topic/$4" x ;;
    "pubsub topics delete"*) gone "topic/$4" ;;
    "pubsub subscriptions list"*) names_of subscription ;;
    "pubsub subscriptions create"*) change "subscription/$4" x ;;
    "pubsub subscriptions delete"*) gone "subscription/$4" ;;
    "pubsub subscriptions describe"*) value "retries/$4" ;;
    "pubsub subscriptions update"*) change "retries/$4" "projects/$project/topics/$(flag dead-letter-topic "$@"),$(flag max-delivery-attempts "$@"),10s,600s" ;;
    "artifacts repositories describe"*format*) value "cleaning/$4" ;;
    "artifacts repositories describe"*) described repository "$4" x ;;
    "artifacts repositories create"*) change "repository/$4" x ;;
    "artifacts repositories set-cleanup"*) change "cleaning/$4" keep-the-last-ten ;;
    "artifacts repositories list"*) names_of repository ;;
    "artifacts repositories delete"*) gone "repository/$4" ;;
    "meta list-files-for-upload"*) echo main.py ;;
    "functions list"*segment*) ! is_there function/ticket-monitor-worker || echo europe-west1 ;;
    "run services describe"*) ;; # nobody rolled anything back
    "run services update-traffic"*) ;;
    "functions describe"*FIRESTORE_DATABASE*) is_there "function/$3" || missing "$3" || return
      value "runs-over/$3" ;;
    "functions describe"*APP_ID* | "functions describe"*WORKER_COLLECTION*) ;;
    "functions describe"*labels*) value "function/$3" ;;
    "functions describe"*trigger*) echo "$3" ;;
    "functions describe"*) described function "$3" "https://$3.example.com" ;;
    "functions deploy"*) over "$@" || return
      change "function/$3" "ACTIVE,$(flag update-labels "$@" | sed 's/deployed=//')" ;;
    "functions list"*) names_of function ;;
    "functions delete"*) gone "function/$3" ;;
    "eventarc triggers describe"*) echo "of-$4" ;;
    "scheduler jobs describe"*"value(state)"*) value "state/$4" ;;
    "scheduler jobs list"*) names_of job ;;
    "scheduler jobs delete"*) gone "job/$4" ;;
    "scheduler jobs pause"*) change "state/$4" PAUSED ;;
    "scheduler jobs resume"*) change "state/$4" ENABLED ;;
    "scheduler jobs describe"*lastAttemptTime*) ;;
    "scheduler jobs describe"*format*) value "job/$4" ;;
    "scheduler jobs describe"*) described job "$4" x ;;
    "scheduler jobs"*) change "job/$5" "$(flag schedule "$@")|Etc/UTC|$(flag uri "$@")|POST|$(flag oidc-service-account-email "$@")|$(flag oidc-token-audience "$@")|$(flag attempt-deadline "$@")|1" ;;
    "beta run domain-mappings describe"*) described domain "$(flag domain "$@")" records ;;
    "beta run domain-mappings create"*) change "domain/$(flag domain "$@")" x ;;
    "billing projects describe"*) echo AAAA-BBBB ;;
    "billing budgets list"*) value budget ;;
    "billing budgets create"*) change budget "b1,10,USD" ;;
    *) echo "ERROR: nobody pretends to know gcloud $*" >&2 && return 2 ;;
  esac
}

# Over which database a function runs, which no trigger can be made to change: its function has to go before.
over() {
  local runs_over
  runs_over=$(flag set-env-vars "$@" | sed 's/.*FIRESTORE_DATABASE=//; s/~~.*//')
  if is_there "function/$3" && [[ $* == *database=* && $(value "runs-over/$3") != "$runs_over" ]]; then
    echo "ERROR: INVALID_ARGUMENT: the trigger of $3 cannot be changed" >&2
    return 1
  fi
  printf '%s\n' "$runs_over" >"$CLOUD/runs-over%$3"
}

env() { # may begin a function of this shell, too
  local settings=()
  while [[ $1 == *=* ]]; do settings+=("$1") && shift; done
  if declare -F "$1" >/dev/null; then "$@"; else command env "${settings[@]}" "$@"; fi
}

mv() { # the one file that restore.sh writes besides
  command mv "$@"
  change "wrote-settings" x
}

thing() { # what a policy is of: the word after the verb
  while [[ $1 != *-iam-policy* ]]; do shift; done
  printf '%s' "$2"
}

unbind() { change "$1" "$(value "$1" | grep -vxF "$2")"; }

bind() { change "$1" "$(value "$1" | grep . || true)"$'\n'"$2"; }

pretend() {
  case "$*" in
    -c*) echo a-random-key ;;
    *checked.py*) cat >/dev/null ;; # test_deploy_dry_run.py asks the real one
    *indexes.py*) [[ $(cat) == "[[1], [], []]" ]] || printf 'indexes\tcomposite\tcreate\n' ;;
    *rules.py*)
      [[ $(cat) == token ]] || return
      is_there "rules/${*: -1}" || change "rules/${*: -1}" x
      ;;
    *"scout.py restored"*) is_there told || change told x ;; # twice is harmless
    *webhooks*) is_there webhooks || change webhooks x ;;
    *) echo "nobody pretends to know python $*" >&2 && return 2 ;;
  esac
}
