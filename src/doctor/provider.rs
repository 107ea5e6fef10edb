//! Single sign-on: whether the identity provider answers as a server would need it.

use super::Findings;
use crate::accounts::oidc::Provider;
use crate::config::Config;

pub(super) async fn examine(config: &Config, found: &mut Findings) {
    let Some(issuer) = &config.oidc.issuer else { return };
    let provider = match Provider::from_config(config) {
        Ok(Some(provider)) => provider,
        Ok(None) => return,
        Err(error) => {
            let what = format!("no request can be sent to the identity provider: {error:#}");
            return found.wrong("single sign-on", what, "install Debian's `ca-certificates`");
        }
    };
    // Any address will do: nobody is sent there.
    match provider.start("http://localhost/sign-in/oidc/back", "/").await {
        Ok(_) => found.ok("single sign-on", format!("{issuer} answers")),
        Err(why) => found.wrong(
            "single sign-on",
            why.to_string(),
            "look at `oidc.issuer`; where the provider is inside your own network, put it into \
             `outgoing.allow`",
        ),
    }
}
