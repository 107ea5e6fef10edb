-- What a reviewer says in a random audit is feedback, too, but nobody's override: it has this mark.
ALTER TABLE feedback ADD COLUMN is_audit boolean NOT NULL DEFAULT false;
