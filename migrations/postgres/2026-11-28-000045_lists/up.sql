-- Lists of feedback by verdict and by where it stands are walks of an index, however rare what is
-- looked for. What waits is the same index as what was decided, so nothing is stored twice.
CREATE INDEX feedback_verdict ON feedback (deployment_id, verdict, id);
CREATE INDEX feedback_superseded ON feedback (deployment_id, id) WHERE superseded_by IS NOT NULL;
DROP INDEX signals_waiting;
CREATE INDEX signals_status ON signals (deployment_id, status, feedback_id);
