//! Query strings and forms: a filter that was read and written again is the same filter, and the
//! way back after signing in never leads to another site.

#![no_main]

use libfuzzer_sys::fuzz_target;
use overrule::triage::filter::Filter;
use overrule::web::form;

fuzz_target!(|data: &[u8]| {
    let _ = form::read::<Filter>(data);
    let text = String::from_utf8_lossy(data);
    let filter = Filter::from_query(&text);
    let again = Filter::from_query(&filter.query());
    assert_eq!(filter.pairs(), again.pairs());

    let next = form::local_path(&text);
    assert!(next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r']));
});
