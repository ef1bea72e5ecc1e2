"""Owns messages, deliveries, reminders and digests; tells MessageSent and MessageFailed; listens to everybody."""
