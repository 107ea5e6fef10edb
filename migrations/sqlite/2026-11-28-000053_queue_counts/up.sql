-- What the counts beside the filters are made of, so that they are read from the index alone.
DROP INDEX queue_order;
CREATE INDEX queue_order ON queue (deployment_id, state, is_urgent, waiting_at, item_id,
    verdict, severity, category_id, version_id);
