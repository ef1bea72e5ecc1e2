-- Whoever goes through all claims of a meeting or a programme, in slices; lists.
CREATE INDEX claims_of_a_meeting_in_order ON claims (meeting_id COLLATE "C", id) WHERE meeting_id IS NOT NULL;
CREATE INDEX fees_of_a_programme_in_order ON claims (programme_id COLLATE "C", id) WHERE kind = 'fee';
CREATE INDEX claims_in_order ON claims
    (organisation_code, enrolment_id, (kind = 'extra'), coalesce(earliest, 'infinity'), id);
CREATE INDEX claims_of_a_programme ON claims
    (programme_id, organisation_code, enrolment_id, (kind = 'extra'), coalesce(earliest, 'infinity'), id);
CREATE INDEX claims_in_a_state ON claims
    (state, organisation_code, enrolment_id, (kind = 'extra'), coalesce(earliest, 'infinity'), id);

CREATE INDEX invoices_in_order ON invoices (series, number);
CREATE INDEX invoices_of_a_programme ON invoices (programme_id, series, number);
CREATE INDEX invoices_of_an_enrolment_in_order ON invoices (enrolment_id, series, number);
CREATE INDEX credit_notes_in_order ON credit_notes (series, number);
