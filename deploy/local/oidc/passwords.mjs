// Who an account's name and password belong to. A wrong one takes half a second; ten in a row close the account for a
// quarter of an hour, also to those who know it.
import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const WAIT_MS = 500;
const MOST = 10;
const CLOSED_MS = 15 * 60 * 1000;

const digest = (text) => createHash('sha256').update(text).digest();
export const same = (one, other) => timingSafeEqual(digest(one), digest(other));

export function passwordsOf(accounts) {
  const wrong = new Map(); // account → how often in a row, and when last; names that are nobody's count together
  return async (name, password) => {
    const account = Object.hasOwn(accounts, name) ? accounts[name] : undefined;
    const counted = account ? name : '';
    const { count, at } = wrong.get(counted) ?? { count: 0, at: 0 };
    const since = performance.now() - at > CLOSED_MS ? 0 : count;
    if (since >= MOST) return { locked: true };
    if (account && same(password, account.password)) {
      wrong.delete(counted);
      return { account };
    }
    wrong.set(counted, { count: since + 1, at: performance.now() }); // before the pause: many at once count as well
    await pause(WAIT_MS);
    return {};
  };
}
