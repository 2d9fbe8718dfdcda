// A real OAuth 2.0 / OpenID server on loopback (oidc-provider): RFC 7009 revocation, RFC 7662 introspection, discovery.
// Tokens are made by the server's own models through /test/mint, which stands in for a person at a browser.
//   node oidc_server.mjs PORT        with the working directory that holds node_modules
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);
const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const cli = { application_type: "native", redirect_uris: [], response_types: [], scope: "openid offline_access" };
const secret = (client_id, more = {}) => ({
  client_id, client_secret: `${client_id}-secret-fake`, redirect_uris: [], response_types: [], grant_types: ["client_credentials"], ...more,
});
const provider = new Provider(issuer, {
  clients: [
    { ...cli, client_id: "cli", token_endpoint_auth_method: "none", grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"] },
    secret("responder"),
    secret("responder-post", { token_endpoint_auth_method: "client_secret_post" }),
    secret("no-grants", { grant_types: [] }),
    secret("powerless"), // may look at anything, may end only its own
    secret("blind"), // may look at its own only: other tokens are "inactive" to it, RFC 7662 section 2.2
  ],
  scopes: ["openid", "offline_access"],
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    revocation: {
      enabled: true,
      allowedPolicy: async (ctx, client, token) => client.clientId.startsWith("responder") || token.clientId === client.clientId,
    },
    introspection: { enabled: true, allowedPolicy: async (ctx, client, token) => client.clientId !== "blind" || token.clientId === client.clientId },
  },
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: false,
  ttl: { AccessToken: 3600, RefreshToken: 86400, Grant: 86400, ClientCredentials: 60 },
  cookies: { keys: ["test-only"] },
});

provider.use(async (ctx, next) => {
  if (ctx.path !== "/test/mint") return next();
  const { account, client: clientId } = ctx.query;
  const client = await provider.Client.find(clientId);
  const grant = new provider.Grant({ accountId: account, clientId });
  grant.addOIDCScope("openid offline_access");
  const grantId = await grant.save();
  const facts = { accountId: account, client, grantId, scope: "openid offline_access", gty: "device_code" };
  const refresh = await new provider.RefreshToken(facts).save();
  const access = await new provider.AccessToken(facts).save();
  ctx.body = { refresh, access };
});
provider.on("server_error", (ctx, error) => console.error(error));
provider.listen(port, "127.0.0.1");
