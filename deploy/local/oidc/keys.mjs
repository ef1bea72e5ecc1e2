// The signing keys, in a file for its owner alone: the first one signs, and the one before it is published until the
// next change, so that what it signed holds.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const made = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(),
  use: 'sig',
  alg: 'RS256',
});

function keep(file, keys) {
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return keys;
}

export const keysIn = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : keep(file, [made()]));
export const changeKey = (file, [signs]) => keep(file, [made(), signs]);
