# shellcheck shell=bash
# One service account for each function, with what it needs and nothing else; and who may call what.
#
#   account NAME                  its address
#   agent SERVICE                 the address of Google's own account for a service of this project
#   grant ROLE MEMBER             on the project, if it is not there yet
#   grant_on "KIND NAME" …        on one thing: grant_on "pubsub topics" boards ROLE MEMBER [FLAGS…]

declare -A ACCOUNTS=(
  [scout-worker]="Ticket Scout: asks providers, decides, sweeps the outbox"
  [scout-board]="Ticket Scout: ticks one board of several"
  [scout-copy]="Ticket Scout: copies people's watches to the worker"
  [scout-deliver]="Ticket Scout: sends what was decided"
  [scout-web]="Ticket Scout: pages, the API, Twilio's webhooks"
  [scout-scheduler]="Ticket Scout: Cloud Scheduler calls the worker as this"
  [scout-events]="Ticket Scout: Eventarc calls the event functions as this"
  [scout-build]="Ticket Scout: Cloud Build builds the functions as this"
)
ACCOUNT_NAMES=(scout-worker scout-board scout-copy scout-deliver scout-web scout-scheduler scout-events scout-build)

account() { printf '%s@%s.iam.gserviceaccount.com' "$1" "$PROJECT"; }

member() { printf 'serviceAccount:%s' "$(account "$1")"; }

agent() { printf 'serviceAccount:service-%s@gcp-sa-%s.iam.gserviceaccount.com' "$PROJECT_NUMBER" "$1"; }

apply_accounts() {
  local name present
  step "An account for each function: what one of them may do, the others need not be able to do. None has a key"
  present=$(ask '' gcloud iam service-accounts list --format='value(email)')
  for name in "${ACCOUNT_NAMES[@]}"; do
    grep -qx "$(account "$name")" <<<"$present" ||
      run gcloud iam service-accounts create "$name" --display-name="${ACCOUNTS[$name]}"
  done
  PROJECT_ROLES=$(ask '' gcloud projects get-iam-policy "$PROJECT" --flatten='bindings[].members' \
    --format='csv[no-heading](bindings.role,bindings.members)')
  apply_agents
  apply_roles
}

apply_agents() { # asked for each time: it is a look where they are there, and nothing else says whether both are
  step "Google's own accounts for Pub/Sub and Eventarc: made with the first use, and what follows names them"
  run gcloud beta services identity create --service=pubsub.googleapis.com
  run gcloud beta services identity create --service=eventarc.googleapis.com
  grant roles/eventarc.serviceAgent "$(agent eventarc)"
}

apply_roles() {
  local name
  step "Documents: each function reads and writes them, and may not change a database, its indexes or its backups." \
    "Firestore knows no smaller right than all documents; so a project of its own is the fence"
  for name in scout-worker scout-board scout-copy scout-deliver scout-web; do
    grant roles/datastore.user "$(member "$name")"
  done
  step "Events: Eventarc's triggers receive them as scout-events; that account reads no document and no secret"
  grant roles/eventarc.eventReceiver "$(member scout-events)"
  # Pub/Sub signs in as scout-events when it pushes. (gcloud may say that a role is missing in the whole project: it is not.)
  grant_on 'iam service-accounts' "$(account scout-events)" roles/iam.serviceAccountTokenCreator "$(agent pubsub)"
  step "Builds: read the sources that were uploaded and write a log; the image goes to one repository (below)." \
    "The default account that builds otherwise could do far more"
  grant roles/storage.objectViewer "$(member scout-build)"
  grant roles/logging.logWriter "$(member scout-build)"
  # No logWriter for the functions: what they print is collected by Cloud Run itself.
}

grant() {
  local role=$1 whom=$2
  ! grep -qx "$role,$whom" <<<"$PROJECT_ROLES" || return 0
  until_done 12 quietly gcloud projects add-iam-policy-binding "$PROJECT" --member="$whom" --role="$role" --condition=None
}

grant_on() {
  local group=$1 name=$2 role=$3 whom=$4 present
  shift 4
  # shellcheck disable=SC2086 # the group is several words
  present=$(ask '' gcloud $group get-iam-policy "$name" "$@" --flatten='bindings[].members' \
    --format='csv[no-heading](bindings.role,bindings.members)')
  ! grep -qx "$role,$whom" <<<"$present" || return 0
  # shellcheck disable=SC2086
  until_done 12 quietly gcloud $group add-iam-policy-binding "$name" "$@" --member="$whom" --role="$role"
}
