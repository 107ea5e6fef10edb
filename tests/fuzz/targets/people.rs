//! Lists of people as spreadsheets write them: each line is a person, a named mistake, or empty.

#![no_main]

use libfuzzer_sys::fuzz_target;
use overrule::accounts::roster;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = roster::decode(data) else { return };
    let Ok(roster) = roster::read(&text) else { return };
    for bad in &roster.bad {
        assert!(!bad.why.is_empty());
    }
    let mut addresses: Vec<_> = roster.people.iter().map(|l| l.person.email.clone()).collect();
    let listed = addresses.len();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), listed, "two people of one address");
    for address in &addresses {
        assert!(!address.contains(['\r', '\n']), "an address that breaks a mail's head");
    }
});
