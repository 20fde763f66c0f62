# shellcheck shell=bash
# Pub/Sub: the topic of boards, and where messages go that were tried in vain (the monitoring looks at these).

BOARDS=ticket-scout-boards
BOARDS_DEAD=ticket-scout-boards-dead
EVENTS_DEAD=ticket-scout-events-dead

apply_topics() {
  local topic topics subscriptions
  step "Topics: one message a board that is due; and dead letters, kept for a week, for what no try could do"
  topics=$(ask '' gcloud pubsub topics list --format='value(name.basename())')
  for topic in "$BOARDS" "$BOARDS_DEAD" "$EVENTS_DEAD"; do
    grep -qx "$topic" <<<"$topics" || run gcloud pubsub topics create "$topic"
  done
  subscriptions=$(ask '' gcloud pubsub subscriptions list --format='value(name.basename())')
  for topic in "$BOARDS_DEAD" "$EVENTS_DEAD"; do
    grep -qx "$topic" <<<"$subscriptions" || run gcloud pubsub subscriptions create "$topic" --topic="$topic" \
      --message-retention-duration=7d --expiration-period=never # or it is deleted while nothing goes wrong
  done
  step "The worker publishes boards, Pub/Sub itself publishes dead letters; nobody else publishes anything"
  grant_on 'pubsub topics' "$BOARDS" roles/pubsub.publisher "$(member scout-worker)"
  grant_on 'pubsub topics' "$BOARDS_DEAD" roles/pubsub.publisher "$(agent pubsub)"
  grant_on 'pubsub topics' "$EVENTS_DEAD" roles/pubsub.publisher "$(agent pubsub)"
}

# Copies and deliveries: 20 tries, 10 seconds to 10 minutes apart, are some two hours; a delivery that is left is found by
# the worker's sweep besides. Boards: five tries are two and a half minutes, and poll_board drops what is older than two.
apply_dead_letters() {
  step "Messages that fail again and again go to the dead letters, instead of for ever round or nowhere"
  dead_letters copy-monitor-job "$EVENTS_DEAD" 20
  dead_letters deliver-alert "$EVENTS_DEAD" 20
  dead_letters poll-board "$BOARDS_DEAD" 5
}

dead_letters() {
  local function=$1 topic=$2 tries=$3 trigger subscription wanted present
  trigger=$(ask "$function-TRIGGER" gcloud functions describe "$function" --gen2 --region="$REGION" \
    --format='value(eventTrigger.trigger.basename())')
  subscription=$(ask "eventarc-$function-SUBSCRIPTION" gcloud eventarc triggers describe "$trigger" \
    --location="$(trigger_location "$function")" --format='value(transport.pubsub.subscription.basename())')
  wanted="projects/$PROJECT/topics/$topic,$tries,10s,600s"
  present=$(ask '' gcloud pubsub subscriptions describe "$subscription" --format='csv[no-heading](
    deadLetterPolicy.deadLetterTopic,deadLetterPolicy.maxDeliveryAttempts,retryPolicy.minimumBackoff,retryPolicy.maximumBackoff)')
  grant_on 'pubsub subscriptions' "$subscription" roles/pubsub.subscriber "$(agent pubsub)" # to take it off there
  [[ $present == "$wanted" ]] || run gcloud pubsub subscriptions update "$subscription" --dead-letter-topic="$topic" \
    --max-delivery-attempts="$tries" --min-retry-delay=10s --max-retry-delay=600s
}
