-- When a form was stored, or something became of it: machine time, which a version before this one leaves to the default.
-- Those that are here by now are as old as this.
ALTER TABLE sign_ups ADD COLUMN stored_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX sign_ups_to_forget ON sign_ups (stored_at)
    WHERE shown_at IS NULL OR confirmed_at IS NOT NULL OR dismissed_at IS NOT NULL;
