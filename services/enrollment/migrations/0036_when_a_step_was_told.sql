-- When it was told that the step is completed: from before the organisation left it delivers nothing to whoever comes back.
ALTER TABLE completed_steps ADD COLUMN told_at timestamptz;
