-- A list between two days walks when things were said; what was said at one instant, by its id.
DROP INDEX feedback_time;
CREATE INDEX feedback_time ON feedback (deployment_id, occurred_at, id);
-- A list of one category is a walk of an index, however rare it is. What names none costs nothing.
CREATE INDEX feedback_category ON feedback (deployment_id, category_id, id)
    WHERE category_id IS NOT NULL;
