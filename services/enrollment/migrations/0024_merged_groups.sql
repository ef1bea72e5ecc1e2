-- Which groups are no more, and which group all of each went into: {"oest": "vest"}.
ALTER TABLE programmes ADD COLUMN merged_groups jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(merged_groups) = 'object'
        AND NOT jsonb_path_exists(merged_groups, '$.keyvalue() ? (@.value.type() != "string" || @.key == @.value)'));
