//! Interchange lines: whatever is sent is a line or a mistake in words, the same each time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use overrule::capture::line;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = line::read_exported(text);
    match (line::read(text), line::read(text)) {
        (Ok(once), Ok(again)) => {
            assert!(once.output.is_some() || once.error.is_some());
            assert_eq!(once.derived_key(), again.derived_key());
            assert_eq!(once.content_hash, again.content_hash);
        }
        (Err(mistakes), Err(_)) => assert!(!mistakes.to_string().is_empty()),
        _ => panic!("the same line was read in two ways"),
    }
});
