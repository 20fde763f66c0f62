# shellcheck shell=bash
# The Google APIs that the installation uses.

APIS=(
  serviceusage.googleapis.com cloudresourcemanager.googleapis.com # to ask for all the others
  iam.googleapis.com                                              # an account for each function
  cloudfunctions.googleapis.com run.googleapis.com                # functions, and the services they are
  cloudbuild.googleapis.com artifactregistry.googleapis.com storage.googleapis.com # how they are built and kept
  eventarc.googleapis.com pubsub.googleapis.com                   # what calls the event functions
  cloudscheduler.googleapis.com                                   # what calls the worker
  firestore.googleapis.com firebaserules.googleapis.com           # the database and its rules
  secretmanager.googleapis.com
  logging.googleapis.com monitoring.googleapis.com clouderrorreporting.googleapis.com
  cloudbilling.googleapis.com billingbudgets.googleapis.com       # the budget and its alert
)

apply_apis() {
  local api enabled missing=()
  step "APIs: everything below is refused until they are enabled; together, and only those that are not yet"
  enabled=$(ask '' gcloud services list --enabled --format='value(config.name)')
  for api in "${APIS[@]}"; do
    grep -qx "$api" <<<"$enabled" || missing+=("$api")
  done
  [[ ${#missing[@]} == 0 ]] || run gcloud services enable "${missing[@]}"
}
