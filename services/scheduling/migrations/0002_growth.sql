-- The programme file's word on all meetings, as long as some of them are still to follow it.
ALTER TABLE programmes ADD COLUMN terms jsonb;

-- Lists: by programme, the dated ones first.
CREATE INDEX meetings_in_order ON meetings
    (programme_id, coalesce(first_day, 'infinity'), coalesce(starts_at, 'infinity'), key);
CREATE INDEX meetings_still_open ON meetings (programme_id, id) WHERE state NOT IN ('cancelled', 'held');
