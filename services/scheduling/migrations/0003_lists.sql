-- Lists of a group, and of what stands as it does, in the order of the list.
CREATE INDEX meetings_of_a_group ON meetings
    (group_id, programme_id, coalesce(first_day, 'infinity'), coalesce(starts_at, 'infinity'), key);
CREATE INDEX meetings_in_a_state ON meetings
    (state, programme_id, coalesce(first_day, 'infinity'), coalesce(starts_at, 'infinity'), key);
