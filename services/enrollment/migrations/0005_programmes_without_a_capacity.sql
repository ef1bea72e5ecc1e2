-- A newer version of a programme without a capacity was closed at the places that were given by then.
UPDATE programmes SET hard_capacity = NULL
WHERE hard_capacity IS NOT NULL AND jsonb_typeof(terms #> '{enrolment,capacity}') IS DISTINCT FROM 'object';
