# shellcheck shell=bash
# A Google Cloud of files, for many runs of deploy.sh in little time: read by bash before the script (BASH_ENV), so that `gcloud`
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

is_there() { [[ -e $CLOUD/${1//\//%} ]]; }

value() { ! is_there "$1" || cat "$CLOUD/${1//\//%}"; }

names() { # KIND: the names of all of this kind
  local one
  for one in "$CLOUD/$1%"*; do [[ ! -e $one ]] || printf '%s\n' "${one##*%}"; done
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
    "iam service-accounts list"*) names account ;;
    "iam service-accounts create"*) change "account/$4@$project.iam.gserviceaccount.com" x ;;
    "beta services identity create"*) ;;
    *get-iam-policy*) value "policy/$(thing "$@")" ;;
    *add-iam-policy-binding*) bind "policy/$(thing "$@")" "$role,$member" ;;
    "firestore databases describe"*format*) echo "FIRESTORE_NATIVE,europe-west1,POINT_IN_TIME_RECOVERY_ENABLED,DELETE_PROTECTION_ENABLED" ;;
    "firestore databases describe"*) described database default x ;;
    "firestore databases create"*) change database/default x ;;
    "firestore backups schedules list"*) value backups ;;
    "firestore backups schedules create"*) change backups "s1,1209600s,daily" ;;
    "firestore indexes composite list"*json) is_there index && echo '[1]' || echo '[]' ;;
    "firestore indexes composite list"*) ;;
    "firestore indexes fields list"* | "firestore fields ttls list"*) echo '[]' ;;
    "firestore indexes composite create"*) change index x ;;
    "auth print-access-token") echo token ;;
    "secrets list"*) names secret ;;
    "secrets create"*) change "secret/$3" x ;;
    "secrets versions access"*) is_there "version/$(flag secret "$@")" || missing version || return
      value "version/$(flag secret "$@")" ;;
    "secrets versions add"*) change "version/$4" "$(cat)" ;;
    "secrets versions list"*) grep -cx "version/$4" "$CLOUD/changes" ;;
    "secrets set-iam-policy"*) change "policy/$3" "$(cat | tr -d '[]{}" ' | sed 's/.*members://' | tr ',' '\n' | sed 's|^|roles/secretmanager.secretAccessor,|')" ;;
    "pubsub topics list"*) names topic ;;
    "pubsub topics create"*) change "topic/$4" x ;;
    "pubsub subscriptions list"*) names subscription ;;
    "pubsub subscriptions create"*) change "subscription/$4" x ;;
    "pubsub subscriptions describe"*) value "retries/$4" ;;
    "pubsub subscriptions update"*) change "retries/$4" "projects/$project/topics/$(flag dead-letter-topic "$@"),$(flag max-delivery-attempts "$@"),10s,600s" ;;
    "artifacts repositories describe"*format*) value cleaning ;;
    "artifacts repositories describe"*) described repository "$4" x ;;
    "artifacts repositories create"*) change "repository/$4" x ;;
    "artifacts repositories set-cleanup"*) change cleaning keep-the-last-ten ;;
    "meta list-files-for-upload"*) echo main.py ;;
    "functions describe"*FIRESTORE_DATABASE*) echo '(default)' ;;
    "functions describe"*labels*) value "function/$3" ;;
    "functions describe"*trigger*) echo "$3" ;;
    "functions describe"*) described function "$3" "https://$3.example.com" ;;
    "functions deploy"*) change "function/$3" "ACTIVE,$(flag update-labels "$@" | sed 's/deployed=//')" ;;
    "eventarc triggers describe"*) echo "of-$4" ;;
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

thing() { # what a policy is of: the word after the verb
  while [[ $1 != *-iam-policy* ]]; do shift; done
  printf '%s' "$2"
}

bind() { change "$1" "$(value "$1" | grep . || true)"$'\n'"$2"; }

pretend() {
  case "$*" in
    -c*) echo a-random-key ;;
    *checked.py*) cat >/dev/null ;; # test_deploy_dry_run.py asks the real one
    *indexes.py*) [[ $(cat) == "[[1], [], []]" ]] || printf 'indexes\tcomposite\tcreate\n' ;;
    *rules.py*)
      [[ $(cat) == token ]] || return
      is_there rules || change rules x
      ;;
    *webhooks*) is_there webhooks || change webhooks x ;;
    *) echo "nobody pretends to know python $*" >&2 && return 2 ;;
  esac
}
