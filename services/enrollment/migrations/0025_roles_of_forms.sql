-- Whoever is erased is found by the address in forms that name them for a role beside the contact's, as well.
CREATE INDEX sign_ups_of_a_role ON sign_ups
    USING gin ((lower(jsonb_path_query_array(command, '$.roles.*.email')::text)::jsonb));
