// An OpenID provider for the tests: npm's oidc-provider, with accounts and clients that a test
// sets, and with the wrong answers that a test wishes for.
//
//   node provider.mjs NODE_MODULES OPTIONS
//
// Prints `listening on URL`, which is the issuer. POST /control takes JSON:
//   {"client": {…}}          registers Overrule
//   {"account": {…}}         who signs in next, by `sub`, with claims
//   {"fault": "NAME"}        the wrong answer from now on; "" for none

import { createHmac, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [modules, options] = [process.argv[2], JSON.parse(process.argv[3] || "{}")];
const load = (path) => import(pathToFileURL(`${modules}/${path}`));
const { Provider } = await load("oidc-provider/lib/index.js");
const { default: MemoryAdapter } = await load("oidc-provider/lib/adapters/memory_adapter.js");
const { SignJWT, base64url, decodeJwt } = await load("jose/dist/node/esm/index.js");

const SECRET = "what both sides know, and nobody else";
const clients = new Map(), accounts = new Map();
let fault = "";

class Adapter extends MemoryAdapter {
  async find(id) { return this.model === "Client" ? clients.get(id) : super.find(id); }
}

const makeKey = () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const named = { kid: randomUUID(), alg: "RS256", use: "sig" };
  const pair = { privateKey, kid: named.kid };
  return { ...pair, secret: { ...privateKey.export({ format: "jwk" }), ...named }, open: { ...publicKey.export({ format: "jwk" }), ...named } };
};
const [key, other] = [makeKey(), makeKey()];

const server = createServer((request, response) => answer(request, response).catch((error) => {
  console.error(error);
  response.destroy();
}));
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  adapter: Adapter,
  jwks: { keys: [key.secret] },
  scopes: ["openid", "email", "profile", "groups"],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  conformIdTokenClaims: !options.idTokenClaims,
  cookies: { keys: [SECRET] },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { Session: 3600, Interaction: 3600, Grant: 3600, AccessToken: 600, IdToken: 600 },
  findAccount: (_, sub) => accounts.has(sub) && { accountId: sub, claims: () => claims(sub) },
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid email profile groups");
    await grant.save();
    return grant;
  },
});

function claims(sub) {
  const account = { ...accounts.get(sub), sub };
  if (fault === "unverified") account.email_verified = false;
  if (fault === "silent about verification") delete account.email_verified;
  if (fault === "no address") delete account.email;
  if (fault === "address with a header") account.email += "\r\nBcc: eve@example.com";
  if (fault === "name with a header") account.name += "\r\nBcc: eve@example.com\u202e";
  return account;
}

const now = () => Math.floor(Date.now() / 1000);
const part = (value) => base64url.encode(JSON.stringify(value));

// The token as somebody would forge it, or as a broken provider would make it.
async function forged(token) {
  const claims = decodeJwt(token);
  let [privateKey, kid] = [key.privateKey, key.kid];
  switch (fault) {
    case "wrong issuer": claims.iss = "https://evil.example"; break;
    case "wrong audience": claims.aud = "somebody-else"; break;
    case "a second audience": claims.aud = [claims.aud, "somebody-else"]; break;
    case "another party": claims.azp = "somebody-else"; break;
    case "not yet": claims.nbf = now() + 200; break;
    case "nobody": claims.sub = ""; break;
    case "wrong nonce": claims.nonce = "another"; break;
    case "no nonce": delete claims.nonce; break;
    case "expired": claims.iat = now() - 700; claims.exp = now() - 100; break;
    case "expired a minute ago": claims.iat = now() - 660; claims.exp = now() - 60; break;
    case "from the future": claims.iat = now() + 200; claims.exp = now() + 800; break;
    case "a minute ahead": claims.iat = now() + 60; claims.exp = now() + 660; break;
    case "another key": privateKey = other.privateKey; break;
    case "rotated": privateKey = other.privateKey; kid = other.kid; break;
    case "algorithm none": return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.`;
    case "algorithm HS256": {
      const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
      return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
    }
    case "changed claims": {
      const [head, , signature] = token.split(".");
      return `${head}.${part({ ...claims, sub: "somebody-else" })}.${signature}`;
    }
    case "cut": return token.slice(0, -9);
    case "no token": return undefined;
    default: return token;
  }
  return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(privateKey);
}

provider.use(async (ctx, next) => {
  await next();
  if (ctx.path === "/token" && ctx.body?.id_token) ctx.body = { ...ctx.body, id_token: await forged(ctx.body.id_token) };
  if (ctx.path === "/me" && fault === "somebody else's page") ctx.body = { ...ctx.body, sub: "somebody-else" };
  if (ctx.path === "/jwks" && fault === "rotated") ctx.body = { keys: [other.open] };
  if (ctx.path === "/.well-known/openid-configuration") {
    if (fault === "another issuer in the discovery") ctx.body = { ...ctx.body, issuer: "https://evil.example" };
    if (fault === "keys inside") ctx.body = { ...ctx.body, jwks_uri: "http://127.0.0.2:1/jwks" };
    if (fault === "tokens inside") ctx.body = { ...ctx.body, token_endpoint: "http://127.0.0.2:1/token" };
  }
});

async function text(request) {
  let all = "";
  for await (const chunk of request) all += chunk;
  return all;
}

async function answer(request, response) {
  if (request.url === "/control") {
    const wish = JSON.parse(await text(request));
    if (wish.client) clients.set(wish.client.client_id, { client_secret: SECRET, ...wish.client });
    if (wish.account) accounts.set(wish.account.sub, wish.account);
    if (wish.fault !== undefined) fault = wish.fault;
    return response.end("{}");
  }
  if (request.url.startsWith("/interaction/")) return interact(request, response);
  const isAsked = ["/token", "/.well-known/openid-configuration"].includes(request.url);
  if (isAsked) {
    switch (fault) {
      case "slow": await new Promise((done) => setTimeout(done, 60000).unref()); break;
      case "down": return response.destroy();
      case "error 500": response.statusCode = 500; return response.end("no");
      case "no JSON": response.setHeader("content-type", "application/json"); return response.end("<html>");
      case "endless": return endless(response);
      case "elsewhere": response.writeHead(307, { location: "http://127.0.0.2:1/" }); return response.end();
    }
  }
  return provider.callback()(request, response);
}

function endless(response) {
  response.setHeader("content-type", "application/json");
  const more = () => { while (!response.destroyed && response.write(" ".repeat(65536))); };
  response.on("drain", more);
  more();
}

// The page to sign in on over there: whoever is named is let in.
async function interact(request, response) {
  if (request.method === "GET") {
    response.setHeader("content-type", "text/html");
    return response.end(`<!doctype html><title>Provider</title><form method="post">
      <input name="login"><button name="way" value="in">Sign in</button>
      <button name="way" value="out">Cancel</button></form>`);
  }
  const form = new URLSearchParams(await text(request));
  const result = form.get("way") === "in"
    ? { login: { accountId: form.get("login") } }
    : { error: "access_denied", error_description: "The person changed their mind" };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

console.log(`listening on ${issuer}`);
process.stdin.resume();
process.stdin.on("end", () => process.exit());
