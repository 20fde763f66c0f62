"""What deploy.sh makes, by name: functions with who they are and who calls them, APIs, rights."""

from typing import Final

WORKER: Final = "ticket-monitor-worker"
FUNCTIONS: Final = {  # with the account each runs as, and the one that may call it
    WORKER: ("scout-worker", "scout-scheduler"),
    "poll-board": ("scout-board", "scout-events"),
    "copy-monitor-job": ("scout-copy", "scout-events"),
    "deliver-alert": ("scout-deliver", "scout-events"),
    "web": ("scout-web", "allUsers"),
}
EVENT_FUNCTIONS: Final = ("copy-monitor-job", "deliver-alert", "poll-board")
JOB: Final = "ticket-scout-worker"
DEAD_LETTERS: Final = ("ticket-scout-boards-dead", "ticket-scout-events-dead")
APIS: Final = (
    "serviceusage",
    "cloudresourcemanager",
    "iam",
    "cloudfunctions",
    "run",
    "cloudbuild",
    "artifactregistry",
    "storage",
    "eventarc",
    "pubsub",
    "cloudscheduler",
    "firestore",
    "firebaserules",
    "secretmanager",
    "logging",
    "monitoring",
    "clouderrorreporting",
    "cloudbilling",
    "billingbudgets",
)
DATABASE_ROLES: Final = frozenset({"roles/datastore.user", "roles/datastore.owner"})
FAR_TOO_MUCH: Final = frozenset({"roles/owner", "roles/editor", "roles/datastore.owner"})
LOOKING: Final = {  # what a look needs, and a role that has it
    "cloudfunctions.functions.get": "roles/viewer",
    "run.services.get": "roles/viewer",
    "run.services.getIamPolicy": "roles/iam.securityReviewer",
    "resourcemanager.projects.getIamPolicy": "roles/iam.securityReviewer",
    "serviceusage.services.list": "roles/viewer",
    "cloudscheduler.jobs.get": "roles/viewer",
    "eventarc.triggers.get": "roles/viewer",
    "pubsub.subscriptions.get": "roles/viewer",
    "datastore.databases.get": "roles/viewer",
    "datastore.indexes.list": "roles/viewer",
    "firebaserules.releases.get": "roles/firebaserules.viewer",
    "monitoring.timeSeries.list": "roles/viewer",
    "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
}
