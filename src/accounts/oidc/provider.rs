//! The provider: its settings, what it says of itself, and the two ways of the flow.

use super::Refused;
use super::attempt::Attempt;
use super::claims::{self, Extra, Proved, Said};
use crate::clock;
use crate::config::Config;
use crate::outgoing::{Outgoing, OutgoingError};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm as Alg, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadataWithLogout, RedirectUrl, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims,
};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Mutex;
use url::Url;

type Fields = IdTokenFields<
    Extra,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    Alg,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type IdToken =
    openidconnect::IdToken<Extra, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, Alg>;
type IdClaims = openidconnect::IdTokenClaims<Extra, CoreGenderClaim>;
type Client = openidconnect::Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// For how long it is believed what the provider said of itself.
const GOOD_FOR: Duration = Duration::from_secs(60 * 60);
/// For how long a provider that failed is left alone, so that not everybody waits for it.
const BAD_FOR: Duration = Duration::from_secs(5);
/// How old keys must be to be asked for again because of a token that fits none.
const ROTATES_AFTER: Duration = Duration::from_secs(5);
/// By how many seconds the provider's clock may differ.
const SKEW: i64 = 90;
/// How tokens may be signed: by the provider's own keys alone. Never not at all, and never by the
/// secret that both sides know.
const ALGORITHMS: [Alg; 10] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EcdsaP521Sha512,
    Alg::EdDsa,
];

/// One OpenID provider.
#[derive(Clone)]
pub struct Provider {
    outgoing: Outgoing,
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    scopes: Vec<Scope>,
    groups_claim: String,
    wants_groups: bool,
    trust_addresses: bool,
    known: Arc<Mutex<Option<Known>>>,
}

/// What the provider said of itself, or why it said nothing, and when.
#[derive(Clone)]
struct Known {
    at: Instant,
    said: Result<Arc<ProviderMetadataWithLogout>, String>,
}

/// What the browser brings back.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Back {
    #[serde(default)]
    pub state: String,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

impl Provider {
    /// The provider of the settings, if they name one.
    pub fn from_config(config: &Config) -> anyhow::Result<Option<Self>> {
        let oidc = &config.oidc;
        let (Some(issuer), Some(client_id)) = (&oidc.issuer, &oidc.client_id) else {
            return Ok(None);
        };
        Ok(Some(Self {
            outgoing: Outgoing::new(&config.outgoing.allow)?,
            issuer: IssuerUrl::new(issuer.clone())?,
            client_id: ClientId::new(client_id.clone()),
            client_secret: oidc.client_secret.clone().map(|secret| ClientSecret::new(secret.0)),
            scopes: oidc.scopes.iter().cloned().map(Scope::new).collect(),
            groups_claim: oidc.groups_claim.clone(),
            wants_groups: !oidc.groups.is_empty(),
            trust_addresses: oidc.trust_addresses,
            known: Arc::default(),
        }))
    }

    /// The way out: where to send the browser, and the attempt to keep for its return to
    /// `redirect`.
    pub async fn start(&self, redirect: &str, next: &str) -> Result<(Url, Attempt), Refused> {
        let client = self.client(&*self.metadata(GOOD_FOR).await?, redirect)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        // `openid` is always asked for.
        let scopes = self.scopes.iter().filter(|scope| scope.as_str() != "openid").cloned();
        let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        let attempt = Attempt::new(&state, &nonce, &verifier, next, clock::now());
        Ok((url, attempt))
    }

    /// The way back: exchanges the code and checks the token.
    pub async fn finish(
        &self,
        redirect: &str,
        attempt: &Attempt,
        back: Back,
    ) -> Result<Proved, Refused> {
        if back.iss.is_some_and(|issuer| issuer != *self.issuer.as_str()) {
            return Err(Refused::Token("the answer is of another issuer".into()));
        }
        if let Some(error) = back.error {
            let why = back.error_description.unwrap_or_default();
            return Err(Refused::Denied(format!("{error} {why}")));
        }
        let code = back.code.ok_or(Refused::Attempt("no code came along"))?;
        let metadata = self.metadata(GOOD_FOR).await?;
        let client = self.client(&metadata, redirect)?;
        let tokens = self.exchange(&client, code, attempt).await?;
        let token = tokens.id_token().ok_or_else(|| Refused::Token("there is none".into()))?;
        let claims = self.verify(&metadata, redirect, token, &attempt.nonce).await?;
        let mut said = self.said(&claims);
        if said.address.is_none() || (self.wants_groups && said.groups.is_none()) {
            said = said.or(self.ask_for_more(&client, &tokens, &claims).await?);
        }
        Ok(self.proved(&claims, said, token.to_string()))
    }

    /// Where to sign out at the provider, if it has such a place.
    pub async fn sign_out_url(&self, id_token: &str, back_to: &str) -> Option<Url> {
        let metadata = self.metadata(GOOD_FOR).await.ok()?;
        let mut url = metadata.additional_metadata().end_session_endpoint.as_ref()?.url().clone();
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("client_id", self.client_id.as_str())
            .append_pair("post_logout_redirect_uri", back_to);
        Some(url)
    }

    /// What the provider says of itself, asked for anew where it is older than `age`. Whoever asks
    /// at the same time waits for the one answer, be it good or bad.
    async fn metadata(&self, age: Duration) -> Result<Arc<ProviderMetadataWithLogout>, Refused> {
        let mut known = self.known.lock().await;
        if let Some(Known { at, said }) = known.as_ref() {
            let good_for = if said.is_ok() { age } else { BAD_FOR };
            if at.elapsed() < good_for {
                return said.clone().map_err(Refused::Provider);
            }
        }
        let http = |request: HttpRequest| self.send(request);
        let found = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &http).await;
        let mut said = found.map(Arc::new).map_err(|error| causes(&error));
        // What was good stays so, where there is nothing newer.
        if let (Err(why), Some(Known { said: Ok(before), .. })) = (&said, known.as_ref()) {
            tracing::warn!(%why, "the provider can't be asked anew");
            said = Ok(before.clone());
        }
        *known = Some(Known { at: Instant::now(), said: said.clone() });
        said.map_err(Refused::Provider)
    }

    fn client(
        &self,
        metadata: &ProviderMetadataWithLogout,
        redirect: &str,
    ) -> Result<Client, Refused> {
        let odd = |error: url::ParseError| Refused::Provider(error.to_string());
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(odd)?;
        let by_body = metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let (id, secret) = (self.client_id.clone(), self.client_secret.clone());
        let client = Client::from_provider_metadata(metadata.clone(), id, secret);
        let client = client.set_redirect_uri(redirect);
        Ok(if by_body { client.set_auth_type(AuthType::RequestBody) } else { client })
    }

    async fn exchange(
        &self,
        client: &Client,
        code: String,
        attempt: &Attempt,
    ) -> Result<Tokens, Refused> {
        let http = |request: HttpRequest| self.send(request);
        client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Refused::Provider(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&http)
            .await
            .map_err(|error| Refused::Provider(causes(&error)))
    }

    /// The claims of a token that is signed by the provider, for us, for this attempt, now. A key
    /// that is not known may be a new one: then the keys are asked for once more.
    async fn verify(
        &self,
        metadata: &ProviderMetadataWithLogout,
        redirect: &str,
        token: &IdToken,
        nonce: &str,
    ) -> Result<IdClaims, Refused> {
        let nonce = Nonce::new(nonce.to_owned());
        let first = check(&self.client(metadata, redirect)?, token, &nonce);
        let newer = match first {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey
                | SignatureVerificationError::CryptoError(_)
                | SignatureVerificationError::AmbiguousKeyId(_),
            )) => self.metadata(ROTATES_AFTER).await?,
            other => return other.map_err(|error| Refused::Token(causes(&error))),
        };
        let second = check(&self.client(&newer, redirect)?, token, &nonce);
        second.map_err(|error| Refused::Token(causes(&error)))
    }

    /// What the page about the person says, for providers that keep tokens short.
    async fn ask_for_more(
        &self,
        client: &Client,
        tokens: &Tokens,
        claims: &IdClaims,
    ) -> Result<Said, Refused> {
        let (access, subject) = (tokens.access_token().clone(), claims.subject().clone());
        let Ok(request) = client.user_info(access, Some(subject)) else {
            return Ok(Said::default());
        };
        let http = |request: HttpRequest| self.send(request);
        let said: UserInfoClaims<Extra, CoreGenderClaim> = request
            .request_async(&http)
            .await
            .map_err(|error| Refused::Provider(causes(&error)))?;
        let name = said.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        Ok(Said {
            address: said.email().map(|address| address.to_string()),
            is_verified: said.email_verified(),
            name: name.or_else(|| said.preferred_username().map(|name| name.to_string())),
            groups: said.additional_claims().groups(&self.groups_claim),
        })
    }

    fn said(&self, claims: &IdClaims) -> Said {
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        Said {
            address: claims.email().map(|address| address.to_string()),
            is_verified: claims.email_verified(),
            name,
            groups: claims.additional_claims().groups(&self.groups_claim),
        }
    }

    fn proved(&self, claims: &IdClaims, said: Said, id_token: String) -> Proved {
        Proved {
            issuer: self.issuer.as_str().to_owned(),
            subject: claims.subject().as_str().to_owned(),
            address: claims::address(&said),
            is_verified: said.is_verified.unwrap_or(self.trust_addresses),
            name: claims::name(said.name.as_deref().unwrap_or_default()),
            groups: said.groups.unwrap_or_default(),
            id_token,
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutgoingError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        let odd = |what: String| OutgoingError::Refused(format!("{url}: {what}"));
        let parsed = url.parse().map_err(|error: url::ParseError| odd(error.to_string()))?;
        let answer = self.outgoing.send(parts.method, parsed, parts.headers, body).await?;
        let mut response = HttpResponse::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// Whether the token is what it must be, by a clock that may differ.
fn check(
    client: &Client,
    token: &IdToken,
    nonce: &Nonce,
) -> Result<IdClaims, ClaimsVerificationError> {
    let now = clock::now().as_micros() / 1_000_000;
    let earlier = Duration::from_secs((now - SKEW).unsigned_abs());
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || (SystemTime::UNIX_EPOCH + earlier).into())
        .set_issue_time_verifier_fn(move |issued| {
            let is_past = issued.timestamp() <= now + SKEW;
            if is_past { Ok(()) } else { Err("it is issued in the future".into()) }
        });
    let claims = token.claims(&verifier, nonce).cloned()?;
    let other = |why: &str| Err(ClaimsVerificationError::Other(why.to_owned()));
    if claims.authorized_party().is_some_and(|party| party != client.client_id()) {
        return other("it is for another party");
    }
    if claims.additional_claims().not_before().is_some_and(|from| from > (now + SKEW) as f64) {
        return other("it is not valid yet");
    }
    if claims.subject().is_empty() {
        return other("it names nobody");
    }
    Ok(claims)
}

/// An error with what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        text = format!("{text}: {cause}");
        inner = cause.source();
    }
    text
}
