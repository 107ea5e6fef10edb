//! Settings of the object store: where releases are pushed to.

use super::{Config, Secret, number};
use url::Url;

/// An S3-compatible object store. Without `store.url` no release is pushed.
#[derive(Debug, Clone)]
pub struct Store {
    /// The bucket, and what all names there begin with, such as `s3://training/overrule`.
    pub url: Option<String>,
    /// Where the store answers, such as `https://minio.example.com:9000`, without the bucket; whom
    /// it leads to is the operator's word. Default: Amazon's, by region.
    pub endpoint: Option<String>,
    /// Default `us-east-1`, or what `AWS_REGION` says where no key is set here.
    pub region: Option<String>,
    /// The key, and its secret. Default: AWS's own variables, or the role of the machine.
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<Secret>,
    /// Seconds that one request to the store may take, 1 to 3600; a part of a file has 8 MiB.
    /// Default 60.
    pub timeout_seconds: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: None,
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            timeout_seconds: 60,
        }
    }
}

/// Every key of this section, with what is allowed.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("store.url", "`s3://BUCKET` or `s3://BUCKET/PREFIX`"),
    ("store.endpoint", "a URL that starts with https:// or http://, without the bucket"),
    ("store.region", "a text, such as `eu-central-1`"),
    ("store.access_key_id", "a text"),
    ("store.secret_access_key", "a text"),
    ("store.timeout_seconds", "a number from 1 to 3600"),
];

impl Store {
    /// Bucket and prefix of a URL such as `s3://training/overrule`; the prefix may be empty.
    pub fn parts(url: &str) -> Option<(String, String)> {
        let parsed = Url::parse(url).ok()?;
        let is_plain = parsed.query().is_none()
            && parsed.fragment().is_none()
            && parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.port().is_none();
        let bucket = parsed.host_str().filter(|bucket| !bucket.is_empty())?;
        let prefix = parsed.path().trim_matches('/');
        let good = |c: char| c.is_ascii_alphanumeric() || "-_.=/".contains(c);
        let is_good = prefix.chars().all(good) && !prefix.contains("//");
        (parsed.scheme() == "s3" && is_plain && is_good)
            .then(|| (bucket.to_owned(), prefix.to_owned()))
    }

    /// What is wrong with this section as a whole, in one line.
    pub(super) fn contradiction(&self) -> Option<String> {
        if self.access_key_id.is_some() != self.secret_access_key.is_some() {
            let what = "store.access_key_id and store.secret_access_key go together: set both, or \
                        neither";
            return Some(what.to_owned());
        }
        if self.url.is_some() && !cfg!(feature = "s3") {
            let what = "store.url needs a build with the feature `s3`, which this one lacks";
            return Some(what.to_owned());
        }
        None
    }
}

impl Config {
    /// Sets one key of this section.
    pub(super) fn apply_store(&mut self, key: &str, value: &toml::Value) -> Result<(), ()> {
        let text = || {
            let text = value.as_str().ok_or(())?.trim().to_owned();
            if text.is_empty() { Err(()) } else { Ok(text) }
        };
        let store = &mut self.store;
        match key {
            "store.url" => {
                let (bucket, prefix) = Store::parts(&text()?).ok_or(())?;
                let url = format!("s3://{bucket}/{prefix}");
                store.url = Some(url.trim_end_matches('/').to_owned());
            }
            "store.endpoint" => {
                let url = Url::parse(&text()?).map_err(drop)?;
                let is_plain = url.username().is_empty() && url.query().is_none();
                if !matches!(url.scheme(), "http" | "https") || !is_plain {
                    return Err(());
                }
                store.endpoint = Some(url.as_str().trim_end_matches('/').to_owned());
            }
            "store.region" => store.region = Some(text()?),
            "store.access_key_id" => store.access_key_id = Some(text()?),
            "store.secret_access_key" => store.secret_access_key = Some(Secret(text()?)),
            "store.timeout_seconds" => store.timeout_seconds = number(value, 1, 3600)? as u32,
            _ => return Err(()),
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        Config::from_text(text, "overrule.toml", &[], None).map_err(|error| error.to_string())
    }

    #[test]
    fn a_store_is_a_bucket_and_perhaps_a_prefix() {
        for (good, parts) in [
            ("s3://training", ("training", "")),
            ("s3://training/", ("training", "")),
            ("s3://training/over/rule/", ("training", "over/rule")),
        ] {
            let parts = (parts.0.to_owned(), parts.1.to_owned());
            assert_eq!(Store::parts(good), Some(parts), "{good}");
        }
        for bad in [
            "training",
            "s3://",
            "https://training/x",
            "s3://key:secret@training/x",
            "s3://training/x?y",
            "s3://training/a//b",
            "s3://training/a%20b",
        ] {
            assert_eq!(Store::parts(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_needs_its_secret_which_is_never_shown() {
        let said = load("[store]\naccess_key_id = \"AK\"").unwrap_err();
        assert!(said.contains("go together"), "{said}");
        let said = load("[store]\nsecret_access_key = 7").unwrap_err();
        assert!(said.contains("***"), "{said}");
        let both = "[store]\naccess_key_id = \"AK\"\nsecret_access_key = \"hidden\"";
        assert!(!format!("{:?}", load(both).unwrap()).contains("hidden"));
    }
}
