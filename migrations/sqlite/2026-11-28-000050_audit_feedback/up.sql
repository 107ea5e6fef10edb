-- What a reviewer says in a random audit is feedback, too, but nobody's override: it has this mark.
ALTER TABLE feedback ADD COLUMN is_audit INTEGER NOT NULL DEFAULT 0 CHECK (is_audit IN (0, 1));
