# shellcheck shell=bash
# Twilio's webhook for answers to texts, set through Twilio's own API by scout.py, which reads the login from settings.env
# itself: it stands in no command line and in no environment.

apply_twilio() {
  if ! is_set TWILIO_ACCOUNT_SID || ! is_set TWILIO_AUTH_TOKEN; then
    step "No Twilio: texts are off"
    return
  fi
  step "Twilio posts answers to texts to $(public_url)/twilio/reply; senders that do so already are left alone"
  run "$PYTHON" scout.py webhooks "$(public_url)" --settings "$SETTINGS_FILE"
}
