import type { Lane } from '../domain/lane.ts';
import { KEPT_BACK_BEYOND_MS, type CallClass, type Limit, type Profile } from '../domain/profile.ts';
import type { LogWindow } from '../redis/budget-log.ts';

/** In the place of an account, where all of a supplier's accounts are counted together. */
export const ADDRESS = 'address';

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
  /** What all lanes together may use: the supplier's limit times our share, less what was learnt. */
  readonly ours: number;
  /** The same with nothing learnt. */
  readonly configured: number;
  /** What is paused and lowered together with it. */
  readonly scope: string;
  /** True for what a supplier says that remains: a bound for a time that begins empty, not a limit of the profile. */
  readonly isRest: boolean;
}

/** What suppliers taught beyond their profiles. It only ever lowers. */
export interface Learnt {
  /** By scope: the part of its limits that is used, in (0, 1]. */
  readonly factors: ReadonlyMap<string, number>;
  /** By window key: the calls per window that the supplier states, all programs of the account together. */
  readonly stated: ReadonlyMap<string, number>;
  /** By window key or scope: what the supplier says that remains. */
  readonly rests: ReadonlyMap<string, Rest>;
}

/** At most `limit` more calls in `windowMs` from now. */
export interface Rest {
  /** Tells one statement from the next. */
  readonly id: string;
  readonly limit: number;
  readonly windowMs: number;
}

export const NOTHING_LEARNT: Learnt = { factors: new Map(), stated: new Map(), rests: new Map() };

/**
 * Every window that one call must occupy. A key is `{supplier}:<account or "address">:<limit name>:<windowMs>`; windows of
 * address scope are shared by all accounts of the supplier. The braces keep a supplier's keys together on a cluster.
 */
export function callWindows(
  origin: CallOrigin,
  profile: Profile,
  lane: Lane,
  learnt: Learnt = NOTHING_LEARNT,
): CallWindow[] {
  const keptBackShare = profile.keptBack[lane] ?? 0;
  const limits = profile.limits.filter((limit) => counts(limit, origin.callClass));
  const windows = windowsOf(origin, limits, profile, keptBackShare, learnt);
  return [...windows, ...restWindows(windows, callScopes(origin, profile), keptBackShare, learnt)];
}

/** Every window of the profile that any call of the account can occupy, with what all lanes together may use. */
export function accountWindows(owner: Owner, profile: Profile, learnt: Learnt = NOTHING_LEARNT): CallWindow[] {
  return windowsOf(owner, profile.limits, profile, 0, learnt);
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
  return [`{${supplier}}:${account}`, `{${supplier}}:${ADDRESS}`];
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

function windowsOf(
  owner: Owner,
  limits: readonly Limit[],
  profile: Profile,
  keptBackShare: number,
  learnt: Learnt,
): CallWindow[] {
  return limits.flatMap((limit) =>
    limit.windows.map(({ limit: stated, windowMs }) => {
      const scope = scopeKey(owner, limit);
      const key = `${scope}:${limit.name}:${windowMs}`;
      const configured = ourPart(stated, profile);
      const lowered = Math.min(configured, ourPart(learnt.stated.get(key) ?? stated, profile));
      const ours = Math.max(1, Math.floor(lowered * Math.min(1, learnt.factors.get(scope) ?? 1)));
      return {
        key,
        limit: ours - keptBack(ours, windowMs, keptBackShare),
        windowMs,
        limitName: limit.name,
        ours,
        configured,
        scope,
        isRest: false,
      };
    }),
  );
}

/** Of what the supplier may be called at all, the part that is ours. */
export function ourPart(stated: number, profile: Profile): number {
  return Math.max(1, Math.floor(stated * profile.share));
}

/** A rest is a window of its own, empty when it is told: every call from then on occupies it to its end. */
function restWindows(
  windows: readonly CallWindow[],
  scopes: readonly string[],
  keptBackShare: number,
  { rests }: Learnt,
): CallWindow[] {
  const told = [
    ...windows.map(({ key, scope, limitName }) => ({ key, scope, limitName })),
    ...scopes.map((scope) => ({ key: scope, scope, limitName: 'all' })),
  ];
  return told.flatMap(({ key, scope, limitName }) => {
    const rest = rests.get(key);
    if (rest === undefined) return [];
    const { id, limit, windowMs } = rest;
    return [
      {
        key: `${key}:rest:${id}`,
        limit: limit - keptBack(limit, windowMs, keptBackShare),
        windowMs,
        limitName: `${limitName}, what the supplier says remains`,
        ours: limit,
        configured: limit,
        scope,
        isRest: true,
      },
    ];
  });
}

/** Whether a limit is about calls of this class. */
export function counts(limit: Limit, callClass: CallClass): boolean {
  return limit.counts === 'all' || limit.counts.includes(callClass);
}

/** Whose limit it is: an account's, or that of all of them together. */
export function limitOwner(account: string, limit: Limit): string {
  return limit.scope === 'address' ? ADDRESS : account;
}

function scopeKey({ supplier, account }: Owner, limit: Limit): string {
  return `{${supplier}}:${limitOwner(account, limit)}`;
}

/** Of a long window only. Rounded down, so that a share below 1 always leaves the lane one call. */
export function keptBack(ours: number, windowMs: number, share: number): number {
  return windowMs > KEPT_BACK_BEYOND_MS ? Math.floor(ours * share) : 0;
}
