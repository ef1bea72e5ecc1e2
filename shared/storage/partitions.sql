-- The days of outbox_sent are made and dropped in nobody's way. Whoever reads the table (a backup, for hours) and whoever
-- writes into it (the relay) goes on; what cannot be had at once is left for another time. Both functions keep their
-- names and arguments, so that a version that calls them as before is helped as well.

-- Days that are there are seen without a lock. One that is missing is made beside and attached: that takes SHARE UPDATE
-- EXCLUSIVE on the parent, which no reader and no writer holds; CREATE TABLE ... PARTITION OF would take ACCESS EXCLUSIVE.
-- There is no default partition, for attaching would then lock that one against its readers, and scan it.
CREATE OR REPLACE FUNCTION outbox_sent_make_partitions(days_ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '100ms' AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    day date;
    name text;
BEGIN
    -- Yesterday too: the clock of the database may be behind by a moment at midnight.
    FOR offset_days IN -1 .. least(greatest(days_ahead, 0), 31) LOOP
        day := today + offset_days;
        name := 'outbox_sent_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = name AND n.nspname = 'public'
        );
        IF NOT pg_try_advisory_xact_lock(hashtext('tovholder.outbox_sent')) THEN
            -- Somebody else is making them.
            RETURN;
        END IF;
        BEGIN
            EXECUTE format('CREATE TABLE public.%I (LIKE public.outbox_sent INCLUDING ALL)', name);
            EXECUTE format(
                'ALTER TABLE public.outbox_sent ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00'
            );
        EXCEPTION
            WHEN duplicate_table THEN
                -- Made by somebody else between the look and the lock.
                NULL;
            WHEN lock_not_available THEN
                RETURN;
        END;
    END LOOP;
END $$;

-- How many days in a row, from today on, have their partition; 0 = today has none.
CREATE FUNCTION outbox_sent_days_ahead() RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT coalesce(min(n) FILTER (WHERE to_regclass(
        'public.outbox_sent_' || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + n, 'YYYYMMDD')
    ) IS NULL), 32)
    FROM generate_series(0, 31) AS n
$$;

-- Dropping does need the parent for itself, for a moment: it is tried for as long as the relay can well wait, and what
-- was not dropped now is dropped an hour later.
CREATE OR REPLACE FUNCTION outbox_sent_drop_partitions(keep_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '100ms' AS $$
DECLARE
    partition record;
    dropped integer := 0;
BEGIN
    -- Kafka keeps 90 days: what it may still have is never dropped here, whatever is asked for.
    IF keep_days < 90 THEN
        RAISE EXCEPTION 'outbox_sent is kept for at least 90 days' USING ERRCODE = '22023';
    END IF;
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.outbox_sent'::regclass AND c.relname ~ '^outbox_sent_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < (clock_timestamp() AT TIME ZONE 'UTC')::date - keep_days
        ORDER BY c.relname
    LOOP
        IF NOT pg_try_advisory_xact_lock(hashtext('tovholder.outbox_sent')) THEN
            RETURN dropped;
        END IF;
        BEGIN
            EXECUTE format('DROP TABLE public.%I', partition.relname);
            dropped := dropped + 1;
        EXCEPTION
            WHEN lock_not_available THEN
                RETURN dropped;
        END;
    END LOOP;
    RETURN dropped;
END $$;

REVOKE ALL ON FUNCTION outbox_sent_days_ahead() FROM PUBLIC;

SELECT outbox_sent_make_partitions(14);
