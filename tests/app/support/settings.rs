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

/// `OVERRULE_TEST_KILLS`: how often the crash test kills; 20 unless it says otherwise.
pub fn kills() -> u32 {
    variable("OVERRULE_TEST_KILLS").map_or(20, |text| text.parse().expect("a number of kills"))
}

/// Whether a program that a test needs is there; says that the test is skipped where not.
pub fn has_program(name: &str) -> bool {
    let path = variable("PATH").unwrap_or_default();
    let has = path.split(':').any(|folder| Path::new(folder).join(name).exists());
    assert!(has || variable("OVERRULE_TEST_NO_SKIP").is_none(), "{name} is not installed");
    if !has {
        eprintln!("skipped: {name} is not installed");
    }
    has
}

/// Whether this build speaks TLS to PostgreSQL; says that the test is skipped where not.
pub fn has_tls() -> bool {
    let has = cfg!(feature = "pg-tls");
    assert!(has || variable("OVERRULE_TEST_NO_SKIP").is_none(), "not built with pg-tls");
    if !has {
        eprintln!("skipped: not built with pg-tls");
    }
    has
}

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

#[allow(clippy::disallowed_methods)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
