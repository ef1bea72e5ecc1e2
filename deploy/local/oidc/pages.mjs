// The pages of the local provider, in Danish: no file of anybody's, no script but the one that sends the form of a
// log-out that the client asked for.
import { createHash } from 'node:crypto';

const LARGEST = 10_000;
const STYLE = `body{margin:0;font:1.125rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#f5f5f5}
main{max-width:26rem;margin:3rem auto;padding:1.5rem;background:#fff;border-top:4px solid #0059b3}
h1{margin:0 0 1rem;font-size:1.75rem}label{display:block;margin-top:1rem;font-weight:600}
input{box-sizing:border-box;width:100%;padding:.5rem;font:inherit;border:1px solid #595959}
button{margin-top:1.5rem;padding:.625rem 1.5rem;font:inherit;font-weight:600;color:#fff;background:#0059b3;border:0}
a{color:#0059b3}:focus-visible{outline:3px solid #1a1a1a;outline-offset:2px}
[role=alert]{padding:.75rem;border-left:4px solid #b30000;background:#fdecec}small{color:#4a4a4a}`;
export const SEND = 'document.forms[0].submit()';
const sum = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
// A browser holds the redirects after a form to `form-action` too, and they lead back to the client.
export const policyFor = (publicUrl) => `default-src 'none'; style-src ${sum(STYLE)}; script-src ${sum(SEND)}; `
  + `base-uri 'none'; form-action 'self' ${new URL(publicUrl).origin}; frame-ancestors 'none'`;
const MARKS = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escape = (text) => String(text).replace(/[&<>"']/g, (mark) => MARKS[mark]);
export const page = (title, body) => `<!doctype html><html lang="da"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} – Tovholder</title>
<style>${STYLE}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`;
export const home = (publicUrl) => `<p><a href="${escape(publicUrl)}/">Gå til Tovholder</a></p>`;
export const loginPage = (name, problem) => page('Log ind', `${problem ? `<p role="alert">${problem}</p>` : ''}
<form method="post"><label for="navn">Navn</label>
<input id="navn" name="navn" value="${escape(name)}" required autocomplete="username" autocapitalize="none">
<label for="adgangskode">Adgangskode</label>
<input id="adgangskode" name="adgangskode" type="password" required autocomplete="current-password">
<button>Log ind</button></form>
<p><small>Navne og adgangskoder står i filen <b>secrets/oidc-accounts.json</b> i datamappen.</small></p>`);

// What a form sends.
export async function bodyOf(req) {
  let text = '';
  for await (const part of req.setEncoding('utf8')) {
    text += part;
    if (text.length > LARGEST) throw Object.assign(new Error('too long'), { status: 413 });
  }
  return text;
}
