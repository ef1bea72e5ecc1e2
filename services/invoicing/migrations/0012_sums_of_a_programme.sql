-- What the invoices of a programme come to is read without the documents, which are large.
CREATE INDEX invoices_in_sum ON invoices (programme_id) INCLUDE (id, number, due_on, net_ore, gross_ore);
