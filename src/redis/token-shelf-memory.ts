import type { TokenShelf } from './token-shelf.ts';

/** The token shelf of a single process. @param now milliseconds */
export function memoryTokenShelf(now: () => number): TokenShelf {
  const tokens = expiring(now);
  const claims = expiring(now);
  return {
    read: async (key) => tokens.get(key),
    put: async (key, sealed, forMs) => tokens.set(key, sealed, forMs),
    drop: async (key, sealed) => tokens.deleteIfSame(key, sealed),
    async claim(key, holder, forMs) {
      if (claims.get(key) !== null) return false;
      claims.set(key, holder, forMs);
      return true;
    },
    release: async (key, holder) => claims.deleteIfSame(key, holder),
  };
}

interface Expiring {
  get(key: string): string | null;
  set(key: string, value: string, forMs: number): void;
  deleteIfSame(key: string, value: string): void;
}

/** Bounded by its keys: one for each supplier's account. */
function expiring(now: () => number): Expiring {
  const entries = new Map<string, { readonly value: string; readonly until: number }>();
  const get = (key: string): string | null => {
    const entry = entries.get(key);
    if (entry === undefined || entry.until > now()) return entry?.value ?? null;
    entries.delete(key);
    return null;
  };
  return {
    get,
    set: (key, value, forMs) => void entries.set(key, { value, until: now() + forMs }),
    deleteIfSame: (key, value) => {
      if (get(key) === value) entries.delete(key);
    },
  };
}
