// An authorization server that we did not write, for the end-to-end suite. Usage: token_issuer.mjs FOLDER PORT RESOURCE...
// FOLDER is where its package is installed. Machines and people get access tokens (RFC 9068) for the resources that are
// named, those of people for so short that each use renews them. The client `exchanger` gets tokens for the subjects of
// others' tokens (RFC 8693), if those are for the first resources but the last: the last is the upstream.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, port, ...resources] = process.argv.slice(2);
const installed = createRequire(pathToFileURL(`${folder}/`)).resolve('oidc-provider');
const { default: Provider, errors } = await import(pathToFileURL(installed));
const { createRemoteJWKSet, jwtVerify } = await import(
  pathToFileURL(createRequire(pathToFileURL(installed)).resolve('jose'))
);
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const client = (id, secret, method) => ({
  client_id: id,
  client_secret: secret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: method,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    client('agent', 'the agent: its secret', 'client_secret_basic'),
    client('stranger', 'the stranger: its secret', 'client_secret_basic'),
    client('gateway', 'the gateway: its secret, 100% +', 'client_secret_basic'),
    client('poster', 'the poster: its secret &=', 'client_secret_post'),
    { ...client('exchanger', 'the exchanger: its secret', 'client_secret_basic'), grant_types: [EXCHANGE] },
    {
      client_id: 'portal',
      client_secret: 'the portal: its secret',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1:9/back'],
      response_types: ['code'],
    },
  ],
  scopes: ['invoke', 'read', 'admin', 'tools'],
  issueRefreshToken: () => true,
  features: {
    clientCredentials: { enabled: true },
    // Its own pages: any name and password will do.
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(ctx, resource) {
        if (!resources.includes(resource)) throw new errors.InvalidTarget();
        const accessTokenTTL = ctx.oidc.client.clientId === 'portal' ? 5 : 120;
        return { scope: 'invoke read admin tools', accessTokenFormat: 'jwt', accessTokenTTL };
      },
    },
  },
});

const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`));

async function exchange(ctx) {
  const { client, params } = ctx.oidc;
  const upstream = resources.at(-1);
  if (params.subject_token_type !== ACCESS_TOKEN || params.requested_token_type !== ACCESS_TOKEN) {
    throw new errors.InvalidRequest('expected access tokens');
  }
  if (params.resource !== upstream) throw new errors.InvalidTarget();
  const allowed = { issuer: provider.issuer, audience: resources.slice(0, -1) };
  const verified = await jwtVerify(params.subject_token, keys, allowed).catch(() => {
    throw new errors.InvalidGrant('the subject token is not one of ours');
  });
  const token = new provider.AccessToken({ accountId: verified.payload.sub, client, gty: 'exchange', scope: params.scope });
  const info = { scope: 'tools', accessTokenFormat: 'jwt', accessTokenTTL: 120 };
  token.resourceServer = new provider.ResourceServer(upstream, info);
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: token.expiration,
    scope: token.scope,
  };
}

const words = ['subject_token', 'subject_token_type', 'requested_token_type', 'resource', 'audience', 'scope'];
provider.registerGrantType(EXCHANGE, exchange, words);

provider.listen(Number(port), '127.0.0.1');
