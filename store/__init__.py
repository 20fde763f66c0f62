"""Where documents live: SQLite on one machine, Firestore in the cloud."""
