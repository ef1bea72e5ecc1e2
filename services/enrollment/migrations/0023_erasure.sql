-- Whoever is erased is found by the address in forms, and by their id among contacts.
CREATE INDEX sign_ups_of_an_address ON sign_ups (contact_key);
CREATE INDEX sign_ups_of_an_applicant ON sign_ups ((coalesce(applicant_id, person_id)));
CREATE INDEX enrolments_by_contact ON enrolments ((contact ->> 'person_id'));
CREATE INDEX contact_history_by_holder ON contact_history ((holder ->> 'person_id'));
CREATE INDEX guests_by_address ON guests (lower(guest_email));
