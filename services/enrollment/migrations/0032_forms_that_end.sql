-- Why a form comes to nothing, where it was not staff who said no to it: its link says so, as long as it works. It stands
-- with the end of the form, so that a version before this one knows it as ended.
ALTER TABLE sign_ups
    ADD COLUMN ended_because text CHECK (ended_because IN ('has_place', 'has_ended', 'called_off', 'taken_back')),
    ADD CONSTRAINT why_it_ended CHECK (ended_because IS NULL OR dismissed_at IS NOT NULL);
