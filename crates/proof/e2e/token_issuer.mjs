// An authorization server that we did not write, for the end-to-end suite. Usage: token_issuer.mjs FOLDER PORT RESOURCE...
// FOLDER is where its package is installed. Machines and people get access tokens (RFC 9068) for the resources that are
// named, those of people for so short that each use renews them.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, port, ...resources] = process.argv.slice(2);
const installed = createRequire(pathToFileURL(`${folder}/`)).resolve('oidc-provider');
const { default: Provider, errors } = await import(pathToFileURL(installed));
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

provider.listen(Number(port), '127.0.0.1');
