-- When a programme is called off, whoever has sent a form that is not settled is told.
CREATE INDEX sign_ups_of_a_programme ON sign_ups (programme_id, number)
    WHERE confirmed_at IS NULL AND dismissed_at IS NULL;
