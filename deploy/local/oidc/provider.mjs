// The OpenID Connect provider of an installation on one machine and of the tests: oidc-provider (certified) with the
// accounts and the page of this folder. `node provider.mjs SETTINGS`; `server.py` writes that file and says what holds.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { changeKey, keysIn } from './keys.mjs';
import { SEND, bodyOf, escape, home, loginPage, page, policyFor } from './pages.mjs';
import { passwordsOf, same } from './passwords.mjs';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const accounts = JSON.parse(readFileSync(settings.accounts_file, 'utf8'));
const bySub = new Map(Object.values(accounts).map((one) => [one.sub, one]));

// The packages lie in the cache and not above this file, where `import` would look for them.
const packages = createRequire(`${settings.packages}/`);
const load = (name) => import(pathToFileURL(packages.resolve(name)));
const { default: Provider, interactionPolicy } = await load('oidc-provider');
const { default: InMemory } = await load('oidc-provider/lib/adapters/memory_adapter.js');

const MINUTE = 60;
const passwords = passwordsOf(accounts);
const { host, hostname, port } = new URL(settings.issuer);
const [policyNow, homeNow] = [policyFor, home].map((made) => () => made(settings.public_url));
const SAFE = new Map(Object.entries({
  'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' }));
const say = (text) => process.stdout.write(`${new Date().toISOString()} ${text}\n`);

function send(res, status, html) {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policyNow() });
  res.end(html);
}

function sendFrom(ctx, html) {
  ctx.type = 'html';
  ctx.set('Content-Security-Policy', policyNow());
  ctx.body = html;
}

let keys = keysIn(settings.keys_file);
const policy = interactionPolicy.base();
policy.remove('consent'); // the only client is ours
const sessions = new Set();

async function ownGrant({ oidc: { provider, client, account, session } }) {
  const known = await provider.Grant.find(session.grantIdFor(client.clientId) ?? '');
  if (known) return known;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: account.accountId });
  grant.addOIDCScope('openid profile email');
  await grant.save();
  return grant;
}

function build() {
  const built = new Provider(settings.issuer, {
    adapter: (model) => new InMemory(model), // given as it is, each provider that is built would have its own memory
    clients: [{
      client_id: settings.client_id,
      client_secret: settings.client_secret,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [`${settings.public_url}/login/tilbage`],
      post_logout_redirect_uris: [`${settings.public_url}/`],
      backchannel_logout_uri: settings.back_channel,
      backchannel_logout_session_required: true,
      id_token_signed_response_alg: 'RS256',
    }],
    clientAuthMethods: ['client_secret_basic'],
    responseTypes: ['code'],
    scopes: ['openid', 'profile', 'email'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false, // the ID token says all of it, as most providers' do
    pkce: { required: () => true },
    jwks: { keys },
    cookies: {
      keys: [settings.cookie_key],
      // Cookies do not tell ports apart: the gateway's host is ours as well.
      names: { session: 'oidc_session', interaction: 'oidc_interaction', resume: 'oidc_resume' },
    },
    ttl: { AccessToken: 5 * MINUTE, AuthorizationCode: MINUTE, IdToken: 5 * MINUTE, Interaction: 15 * MINUTE,
      Session: 12 * 60 * MINUTE, Grant: 12 * 60 * MINUTE },
    interactions: { policy, url: (_ctx, { uid }) => `/log-ind/${uid}` },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        // Whoever shows an ID token of the session's has asked already; anybody else could be a link somewhere.
        logoutSource: (ctx, form) => sendFrom(ctx, page('Log ud', form.replace('</form>',
          '<input type="hidden" name="logout" value="yes"><button>Log ud</button></form>')
          + (ctx.oidc.entities.IdTokenHint?.payload.sub === ctx.oidc.session.accountId
            ? `<script>${SEND}</script>` : ''))),
        postLogoutSuccessSource: (ctx) => sendFrom(ctx, page('Du er logget ud', homeNow())),
      },
    },
    loadExistingGrant: ownGrant,
    findAccount: (_ctx, sub) => {
      const found = bySub.get(sub);
      return found && { accountId: sub,
        claims: () => ({ sub, name: found.name, email: found.email, email_verified: true }) };
    },
    // The library's own fetch refuses the addresses of this machine, where its only client lives.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
    renderError: (ctx, out) => sendFrom(ctx, page('Det gik ikke',
      `<p role="alert">Begynd forfra i Tovholder. Fejlen hedder <code>${escape(out.error)}</code>.</p>${homeNow()}`)),
  });
  for (const event of ['server_error', 'authorization.error', 'grant.error', 'userinfo.error', 'end_session.error',
    'end_session_confirm.error', 'backchannel.error']) {
    built.on(event, (...told) => {
      const error = told.find((one) => one instanceof Error);
      say(`${event}: ${event === 'server_error' ? error.stack : error.error ?? error.cause?.code ?? error.message}`);
    });
  }
  // Who has no session here is shown the library's own page, which is in English.
  built.use(async (ctx, next) => {
    await next();
    const form = ctx.path === '/session/end' && /<form.*?(?=<noscript>)/s.exec(ctx.status === 200 ? ctx.body : '');
    if (form) sendFrom(ctx, page('Log ud', `${form[0]}<button>Log ud</button></form><script>${SEND}</script>`));
  });
  built.on('session.saved', ({ uid }) => sessions.add(uid));
  built.on('session.destroyed', ({ uid }) => sessions.delete(uid));
  return { provider: built, answer: built.callback() };
}

let { provider, answer } = build();

async function signIn(req, res) {
  const asked = await provider.interactionDetails(req, res).catch(() => undefined);
  if (!asked) return send(res, 400, page('Det tog for lang tid', `<p>Begynd forfra i Tovholder.</p>${homeNow()}`));
  if (req.method !== 'POST') return send(res, 200, loginPage('', ''));
  const form = new URLSearchParams(await bodyOf(req));
  const name = (form.get('navn') ?? '').trim().toLowerCase();
  const { account, locked } = await passwords(name, form.get('adgangskode') ?? '');
  if (locked) return send(res, 429, loginPage(name, 'Der er prøvet for mange gange. Vent et kvarter.'));
  if (!account) return send(res, 401, loginPage(name, 'Navnet eller adgangskoden er forkert.'));
  say(`${name} signs in`);
  const login = { accountId: account.sub, amr: ['pwd'], remember: false };
  return provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
}

// For whoever holds the control key: what happens at a provider and nobody at the client does.
const realNow = Date.now.bind(Date);
const again = () => ({ provider, answer } = build()); // what is in memory lies outside it, and stays
const acts = {
  rotate: () => {
    keys = changeKey(settings.keys_file, keys);
    again();
    return { kid: keys[0].kid };
  },
  serve: ({ public_url, back_channel }) => {
    Object.assign(settings, { public_url, back_channel });
    again();
    return {};
  },
  skew: ({ seconds }) => {
    Date.now = () => realNow() + seconds * 1000; // whence the library and all that it stamps take the time
    return { seconds };
  },
  async end({ account }) {
    const told = [];
    for (const uid of [...sessions]) {
      const session = await provider.Session.findByUid(uid);
      if (session?.accountId !== accounts[account].sub) continue;
      for (const [clientId, { sid }] of Object.entries(session.authorizations ?? {})) {
        const client = await provider.Client.find(clientId);
        const heard = await client.backchannelLogout(session.accountId, sid).then(() => true, () => false);
        told.push({ sid, heard });
      }
      await session.destroy(); // what was given out for it ends with it
    }
    return { told };
  },
};

async function control(req, res, name) {
  const allowed = req.method === 'POST' && same(req.headers.authorization ?? '', `Bearer ${settings.control_key}`);
  if (!allowed || !Object.hasOwn(acts, name)) return res.writeHead(404).end();
  const done = await acts[name](JSON.parse((await bodyOf(req)) || '{}'));
  return res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(done));
}

createServer(async (req, res) => {
  try {
    res.setHeaders(SAFE);
    // A name that somebody else lets point at this machine is not ours.
    if (req.headers.host !== host) return res.writeHead(421).end();
    const path = req.url.split('?')[0];
    if (path === '/readyz') return res.end('ready');
    if (path.startsWith('/log-ind/')) return await signIn(req, res);
    if (path.startsWith('/_control/')) return await control(req, res, path.slice('/_control/'.length));
    return await answer(req, res);
  } catch (error) {
    say(`failed: ${error.stack}`);
    return res.headersSent ? res.destroy() : res.writeHead(error.status ?? 500).end();
  }
}).listen(Number(port), hostname, () => say(`answers as ${settings.issuer}`));
