import type { Lane } from '../domain/lane.ts';
import type { CallClass, Limit, Profile } from '../domain/profile.ts';
import type { LogWindow } from '../redis/budget-log.ts';

export interface Owner {
  readonly supplier: string;
  readonly account: string;
}

/** Whose call, and of which class: what decides its windows. */
export interface CallOrigin extends Owner {
  readonly callClass: CallClass;
}

/** A window of a call, with what a refusal says of it. */
export interface CallWindow extends LogWindow {
  readonly limitName: string;
  /** What all lanes together may use: the supplier's limit times our share. */
  readonly ours: number;
}

/**
 * Every window that one call must occupy. A key is `{supplier}:<account or "address">:<limit name>:<windowMs>`; windows of
 * address scope are shared by all accounts of the supplier. The braces keep a supplier's keys together on a cluster.
 */
export function callWindows(origin: CallOrigin, profile: Profile, lane: Lane): CallWindow[] {
  return windowsOf(
    origin,
    profile.limits.filter((limit) => counts(limit, origin.callClass)),
    profile,
    profile.keptBack[lane] ?? 0,
  );
}

/** Every window that any call of the account can occupy, with what all lanes together may use. */
export function accountWindows(owner: Owner, profile: Profile): CallWindow[] {
  return windowsOf(owner, profile.limits, profile, 0);
}

/** The scopes whose pause stops this call: its account's always, the address's where a limit of address scope counts it. */
export function callScopes(origin: CallOrigin, profile: Profile): string[] {
  const [account, address] = accountScopes(origin);
  const isCountedByAddress = profile.limits.some(
    (limit) => limit.scope === 'address' && counts(limit, origin.callClass),
  );
  return isCountedByAddress ? [account, address] : [account];
}

export function accountScopes({ supplier, account }: Owner): [account: string, address: string] {
  return [`{${supplier}}:${account}`, `{${supplier}}:address`];
}

/**
 * After the last moment a granted call can be sent, its time-out and the network's delay it can no longer arrive.
 * @param permitMaxAgeMs how long after its grant a permit may still be used
 */
export function holdMs(profile: Profile, permitMaxAgeMs: number): number {
  return permitMaxAgeMs + profile.callTimeoutMs + profile.networkDelayMs;
}

export function longestWindowMs(profile: Profile): number {
  return Math.max(0, ...profile.limits.flatMap(({ windows }) => windows.map(({ windowMs }) => windowMs)));
}

/** `5 calls per 1 s (limit "second")`, for messages. */
export function windowInWords({ ours, windowMs, limitName }: CallWindow): string {
  const calls = ours === 1 ? '1 call' : `${ours} calls`;
  const span = windowMs === 0 ? 'in flight' : `per ${durationInWords(windowMs)}`;
  return `${calls} ${span} (limit "${limitName}")`;
}

export function durationInWords(ms: number): string {
  if (ms < 1_000) return `${Math.ceil(ms)} ms`;
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

function windowsOf(owner: Owner, limits: readonly Limit[], profile: Profile, keptBackShare: number): CallWindow[] {
  return limits.flatMap((limit) =>
    limit.windows.map(({ limit: stated, windowMs }) => {
      const ours = Math.max(1, Math.floor(stated * profile.share));
      return {
        key: `${scopeKey(owner, limit)}:${limit.name}:${windowMs}`,
        limit: ours - keptBack(ours, keptBackShare),
        windowMs,
        limitName: limit.name,
        ours,
      };
    }),
  );
}

function counts(limit: Limit, callClass: CallClass): boolean {
  return limit.counts === 'all' || limit.counts.includes(callClass);
}

function scopeKey(owner: Owner, limit: Limit): string {
  const [account, address] = accountScopes(owner);
  return limit.scope === 'address' ? address : account;
}

/** Rounded down, so that a share below 1 always leaves the lane one call: a minimum interval shuts nobody out. */
export function keptBack(ours: number, share: number): number {
  return Math.floor(ours * share);
}
