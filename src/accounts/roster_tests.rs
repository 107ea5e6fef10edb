//! What spreadsheets write, and what people write by hand.

use super::*;

fn emails(text: &str) -> Vec<String> {
    read(text).unwrap().people.into_iter().map(|one| one.person.email).collect()
}

#[test]
fn every_delimiter_and_a_mark_at_the_beginning_are_read() {
    for text in [
        "email,name\na@x.io,Ann\nb@x.io,Ben\n",
        "\u{feff}email;name\r\na@x.io;Ann\r\nb@x.io;Ben",
        "Name\tE-Mail\nAnn\ta@x.io\n\nBen\tb@x.io\n",
        "email|name\na@x.io|\"Ann | A\"\nb@x.io|Ben",
        "sep=;\nemail;name\na@x.io;Ann\nb@x.io;Ben",
        "Mail\na@x.io\nb@x.io",
    ] {
        assert_eq!(emails(text), ["a@x.io", "b@x.io"], "{text:?}");
    }
}

#[test]
fn a_file_is_utf_8_or_utf_16_and_nothing_else() {
    let text = "email;name\nå@x.io;Åsa";
    let wide: Vec<u16> = format!("\u{feff}{text}").encode_utf16().collect();
    let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [text.as_bytes(), format!("\u{feff}{text}").as_bytes(), &little, &big] {
        assert_eq!(decode(bytes).unwrap(), text);
    }
    for bytes in [&b"email\n\xe5@x.io"[..], b"\xff\xfe\x00\xd8", b"email\0", &[b'a'; MAX_BYTES + 1]]
    {
        assert!(decode(bytes).is_err());
    }
}

#[test]
fn roles_and_teams_are_read_and_each_mistake_says_its_line() {
    let text = "email,name,role,teams,shoe size\n\
        Ann@X.io,Ann,admin,\"support:champion, support:manager sales\",38\n\
        nobody,,,,\n\
        b@x.io,,boss,sales,\n\
        c@x.io,,,Sales:chief,\n\
        ann@x.io,Twice,,,\n\
        d@x.io,\"Two\nLines\",,,\n";
    let roster = read(text).unwrap();
    assert_eq!(roster.ignored, ["shoe size"]);
    let [ann] = &roster.people[..] else { panic!("{:?}", roster.people) };
    assert!(ann.person.is_admin && !ann.person.is_engineer);
    let role =
        |team: &str, both| TeamRole { team: team.into(), is_champion: both, is_manager: both };
    assert_eq!(ann.person.teams, [role("support", true), role("sales", false)]);
    let bad: Vec<(u64, &str)> = roster.bad.iter().map(|bad| (bad.line, bad.who.as_str())).collect();
    assert_eq!(bad, [(3, "nobody"), (4, "b@x.io"), (5, "c@x.io"), (6, "ann@x.io"), (7, "d@x.io")]);
    assert!(roster.bad[3].why.contains("line 2"), "{}", roster.bad[3].why);
    for end in ["\r\n", "\r"] {
        let again = read(&text.replace('\n', end)).unwrap();
        let lines: Vec<u64> = again.bad.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7], "{end:?}");
    }
}

#[test]
fn what_is_no_list_of_people_is_refused_as_a_whole() {
    for text in ["", "\n", "hello", "name,team\nAnn,sales"] {
        assert!(read(text).is_err(), "{text:?}");
    }
    let many = (0..=MAX_PEOPLE).map(|n| format!("p{n}@x.io\n")).collect::<String>();
    assert!(read(&format!("email\n{many}")).is_err());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_nobody_is_on_it_twice(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        text in "(email[,;]name\n)?([a-c]@x.io[,;|\t\"]?[a-z]{0,3}\n?){0,8}",
    ) {
        for text in [decode(&bytes).ok(), Some(text)].into_iter().flatten() {
            if let Ok(roster) = read(&text) {
                let mut emails: Vec<_> = roster.people.iter().map(|p| &p.person.email).collect();
                let count = emails.len();
                emails.sort();
                emails.dedup();
                proptest::prop_assert_eq!(emails.len(), count);
            }
        }
    }
}
