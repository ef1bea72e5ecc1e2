-- What the pages for staff call a programme's groups and kinds of meetings, and from when to when it runs. NULL = told by
-- a version before this one, which leaves it as it is: then they are called by their ids.
ALTER TABLE programmes ADD COLUMN outline jsonb;

-- The day of a meeting, else the month that its plan names, else the end: the order in which people plan. Dates are put
-- together by hand, because how PostgreSQL writes one goes by a setting.
ALTER TABLE meetings ADD COLUMN comes_at text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
    coalesce(
        lpad(extract(year FROM first_day)::integer::text, 4, '0')
            || '-' || lpad(extract(month FROM first_day)::integer::text, 2, '0')
            || '-' || lpad(extract(day FROM first_day)::integer::text, 2, '0'),
        plan ->> 'month',
        '~'
    )
) STORED;
CREATE INDEX meetings_as_planned ON meetings (programme_id, comes_at, (coalesce(starts_at, 'infinity')), key);

-- Who takes part, by the name of the organisation: its steps stand under it. What was told before this is told again by a
-- replay; until then a step stands under the id of its enrolment.
CREATE TABLE enrolled (
    enrolment_id text PRIMARY KEY CHECK (enrolment_id <> ''),
    programme_id text NOT NULL,
    organisation_code text NOT NULL,
    organisation_name text NOT NULL,
    sorts_as text COLLATE "C" NOT NULL,
    takes_part boolean NOT NULL
);
CREATE INDEX enrolled_in_order ON enrolled (programme_id, sorts_as, enrolment_id) WHERE takes_part;
