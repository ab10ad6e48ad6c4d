import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { BudgetLog } from '../redis/budget-log.ts';
import type { CountOccupied } from '../store/calls.ts';
import { factorField, loweredFactor, notedLimit, notedRest, restField, statedField } from './learnt.ts';
import type { NotesView } from './notes-view.ts';
import type { Permit } from './permit.ts';
import { statedLimits, type StatedLimits, type StatedPolicy, type StatedRest } from './rate-limit-fields.ts';
import { statedWait, type AnswerHeaders } from './response.ts';
import type { Strikes } from './strikes.ts';
import type { SupplierConnection } from './supplier-call.ts';
import { accountScopes, callScopes, limitOwner, ourPart, type CallWindow } from './windows.ts';

/** What of an answer can teach something about limits. */
export interface TeachingAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Our clock, epoch ms. */
  readonly answeredAt: number;
}

/** Makes all processes slower by what a supplier says of its limits, or by its refusing what our count allows. Never faster. */
export interface Learning {
  /** Rejects where the lesson could not be kept: it is lost then, and the next answer teaches it again. */
  fromAnswer(connection: SupplierConnection, permit: Permit, answer: TeachingAnswer): Promise<void>;
}

export interface LearningParts {
  readonly budgetLog: BudgetLog;
  readonly countOccupied: CountOccupied;
  readonly view: NotesView;
  readonly strikes: Strikes;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Logger;
}

/** A statement about no window in particular is believed for an hour at most. */
const REST_AT_MOST_MS = 3_600_000;

export function createLearning(parts: LearningParts): Learning {
  return {
    async fromAnswer(connection, permit, answer) {
      const stated = statedLimits(answer.headers, answer.answeredAt);
      await learnPolicies(parts, connection, permit, stated);
      for (const rest of stated.rests) await learnRest(parts, connection, permit, rest);
      if (answer.status === 429) await learnRefusal(parts, connection, permit, answer);
    },
  };
}

async function learnPolicies(
  { view, log }: LearningParts,
  { supplier, profile }: SupplierConnection,
  permit: Permit,
  { policies }: StatedLimits,
): Promise<void> {
  for (const policy of policies) {
    for (const { key, windowMs, configured, limitName } of windowsAbout(permit, policy)) {
      if (ourPart(policy.limit, profile) >= configured) continue;
      const field = statedField(key);
      const notes = view.text(supplier, field);
      // Most answers say again what is noted already.
      if (notes !== null && notedLimit(notes, policy.limit, windowMs, view.now(supplier)) === null) continue;
      const noted = await view.change(supplier, field, (before, at) => notedLimit(before, policy.limit, windowMs, at));
      if (noted !== null)
        log.warn({ supplier, limitName, windowMs, configured, stated: policy.limit }, 'supplier states a lower limit');
    }
  }
}

/** Of the call's windows those of the stated length; where none is stated, the only one that it can be. */
function windowsAbout({ windows }: Permit, { windowMs }: StatedPolicy): CallWindow[] {
  const timed = windows.filter((window) => window.windowMs > 0 && !window.isRest);
  if (windowMs !== null) return timed.filter((window) => window.windowMs === windowMs);
  return timed.length === 1 ? timed : [];
}

/**
 * Where less remains than our own count leaves, somebody else uses the account: no more than that is granted in the time stated.
 * Calls not answered yet may come on top of what the supplier has counted, so they are taken off.
 */
async function learnRest(
  { view, budgetLog, newId, log }: LearningParts,
  connection: SupplierConnection,
  permit: Permit,
  { remaining, forMs, windowMs }: StatedRest,
): Promise<void> {
  const { supplier, account, profile } = connection;
  const timed = permit.windows.filter((window) => window.windowMs > 0 && !window.isRest);
  const exact = timed.find((window) => window.windowMs === windowMs);
  const about = exact === undefined ? timed.filter((window) => window.windowMs >= forMs) : [exact];
  const [scope] = callScopes({ supplier, account, callClass: permit.callClass }, profile);
  const key = exact?.key ?? scope ?? accountScopes({ supplier, account })[0];
  const boundedMs = Math.min(forMs, exact?.windowMs ?? REST_AT_MOST_MS);
  if (boundedMs <= 0) return;
  const inForce = view.learnt(supplier).rests.get(key);
  const counting = [
    ...about.map((window) => ({ ...window, limit: window.ours })),
    ...(inForce === undefined ? [] : [{ key: `${key}:rest:${inForce.id}`, ...inForce }]),
  ];
  const { windows: used } = await budgetLog.usage(supplier, counting, []);
  const left = counting.map(({ limit }, index) => limit - (used[index]?.occupied ?? 0));
  if (left.length > 0 && remaining >= Math.min(...left)) return;
  const unanswered = Math.max(0, ...used.slice(0, about.length).map((window) => window.unanswered));
  const limit = Math.max(0, remaining - unanswered);
  await view.change(supplier, restField(key), (_before, at) => notedRest(newId(), limit, boundedMs, at));
  const data = { supplier, account, key, remaining, forMs: boundedMs, ourCountLeaves: left };
  if (inForce === undefined) log.warn(data, 'less remains than our count leaves: somebody else uses the account');
  else log.debug(data, 'still less remains than our count leaves');
}

/** A 429 is a strike; where our own log does not explain it, our count was wrong, and less is used from now on. */
async function learnRefusal(
  parts: LearningParts,
  connection: SupplierConnection,
  permit: Permit,
  answer: TeachingAnswer,
): Promise<void> {
  const { strikes, clock, log } = parts;
  const { supplier, account } = connection;
  const fills = await fillsAtGrant(parts, connection, permit);
  // A limit of one is always filled by the call itself, which explains nothing.
  const full = fills.filter(({ window, occupied }) => window.ours > 1 && occupied >= window.ours);
  const isExplained = full.length > 0;
  const data = { supplier, account, callClass: permit.callClass, counted: fills.map(inNumbers) };
  if (isExplained) log.warn(data, 'supplier refused a call although its limit was kept');
  else await lowerScopes(parts, connection, permit, data);
  const waitMs = statedWait(answer.status, answer.headers, answer.answeredAt);
  const at = clock.now();
  for (const { window, owner } of isExplained ? full : likeliest(fills, waitMs)) {
    const { limitName, windowMs } = window;
    await strikes.add({ supplier, account: owner, limitName, windowMs, at, isExplained });
  }
}

async function lowerScopes(
  { view, log }: LearningParts,
  { supplier, profile }: SupplierConnection,
  permit: Permit,
  data: object,
): Promise<void> {
  for (const scope of callScopes(permit, profile)) {
    const field = factorField(scope);
    const lowered = await view.change(supplier, field, (before, at) => loweredFactor(before, permit.grantedAt, at));
    if (lowered === null) continue;
    const factor = view.learnt(supplier).factors.get(scope);
    log.error(
      { ...data, scope, factor },
      'supplier refused a call that our count does not explain: less is used of its limits; look for others that use the account',
    );
  }
}

interface Fill {
  readonly window: CallWindow;
  readonly owner: string;
  /** By the call ledger, at the moment of the grant, this call included. */
  readonly occupied: number;
}

async function fillsAtGrant(
  { countOccupied }: LearningParts,
  { supplier, account, profile }: SupplierConnection,
  permit: Permit,
): Promise<Fill[]> {
  const fills: Fill[] = [];
  for (const window of permit.windows) {
    const limit = profile.limits.find(({ name }) => name === window.limitName);
    if (limit === undefined || window.isRest) continue;
    const owner = limitOwner(account, limit);
    const occupied = await countOccupied({
      supplier,
      account: limit.scope === 'address' ? null : account,
      callClasses: limit.counts === 'all' ? null : limit.counts,
      windowMs: window.windowMs,
      at: permit.grantedAt,
    });
    fills.push({ window, owner, occupied });
  }
  return fills;
}

/** Which window the supplier may mean: the shortest that its wait fits into; without a word the fullest. */
function likeliest(fills: readonly Fill[], waitMs: number | null): Fill[] {
  const byLength = fills
    .filter(({ window }) => window.windowMs > 0)
    .sort((a, b) => a.window.windowMs - b.window.windowMs);
  const byFill = [...fills].sort((a, b) => b.occupied / b.window.ours - a.occupied / a.window.ours);
  const found = waitMs === null ? byFill[0] : byLength.find(({ window }) => window.windowMs >= waitMs);
  const meant = found ?? byLength.at(-1);
  return meant === undefined ? [] : [meant];
}

function inNumbers({ window: { limitName, windowMs, ours }, occupied }: Fill): object {
  return { limitName, windowMs, ours, occupied };
}
