//! What the environment says about this run; `scripts/test` sets it.

use std::path::{Path, PathBuf};

/// The database under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// `OVERRULE_TEST_DATABASE`: `sqlite` (default) or `postgres`.
pub fn backend() -> Backend {
    match variable("OVERRULE_TEST_DATABASE").as_deref() {
        None | Some("" | "sqlite") => Backend::Sqlite,
        Some("postgres") => Backend::Postgres,
        Some(other) => panic!("OVERRULE_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// `OVERRULE_TEST_POSTGRES`: the URL of a cluster that may be filled and thrown away.
pub fn postgres_url() -> String {
    variable("OVERRULE_TEST_POSTGRES")
        .expect("OVERRULE_TEST_POSTGRES names a throw-away cluster; `scripts/postgres start`")
}

/// Whether a real browser is there to be driven; says that the test is skipped where not.
pub fn has_browser() -> bool {
    let has = variable("OVERRULE_TEST_BROWSER").is_some();
    if !has {
        eprintln!("skipped: OVERRULE_TEST_BROWSER is not set");
    }
    has
}

/// Whether an OpenID provider is there to be started; says that the test is skipped where not.
pub fn has_provider() -> bool {
    let has = variable("OVERRULE_TEST_PROVIDER").is_some();
    if !has {
        eprintln!("skipped: OVERRULE_TEST_PROVIDER is not set");
    }
    has
}

/// Where scripts/setup put the provider's modules.
pub fn provider_modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/provider/node_modules")
}

/// A file of `OVERRULE_TEST_DATA`; says that the test is skipped where there is none.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let Some(folder) = variable("OVERRULE_TEST_DATA") else {
        eprintln!("skipped: OVERRULE_TEST_DATA is not set");
        return None;
    };
    let file = Path::new(&folder).join(name);
    assert!(file.exists(), "{} is not there", file.display());
    Some(file)
}

/// A file of `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[allow(clippy::disallowed_methods)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
