-- What stands on the front page, by the day on which it closes; lists.
CREATE INDEX programmes_offered ON programmes ((coalesce(terms #>> '{terms,deadline}', 'never')), id)
    WHERE state = 'open' AND terms #>> '{enrolment,how}' = 'sign_up' AND terms #>> '{enrolment,who}' = 'municipalities';
CREATE INDEX programmes_published ON programmes (published_at, id);
CREATE INDEX organisations_in_order ON organisations (sort_key, code);
CREATE INDEX enrolments_in_a_state ON enrolments (state, programme_id);
CREATE INDEX meetings_in_order ON meetings (programme_id, coalesce(first_day, 'infinity'), id);
CREATE INDEX rounds_in_order ON invitation_rounds (programme_id, started_at, round_id);
CREATE INDEX seats_of_a_person ON seats (person_id);
