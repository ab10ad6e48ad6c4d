import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';
import type { Clock } from '../domain/clock.ts';
import type { AnswerCache } from '../redis/answer-cache.ts';
import type { Database } from '../store/database.ts';
import { answeredSince, askedBy, refuseJobLines, saveJobLine, type AskedLines } from '../store/refresh-jobs.ts';
import type { JobLine, JobLineState, StoredJob } from '../store/refresh-jobs.ts';
import { cacheKey } from './refresh.ts';

export interface UnaskedDeps {
  readonly db: Database;
  readonly cache: AnswerCache;
  readonly suppliers: readonly ConnectedSupplier[];
  readonly clock: Clock;
}

/** Of what a supplier's limits allow in a minute, the part that one caller's forced refreshes may take. */
const FORCED_SHARE = 0.1;
const MINUTE_MS = 60_000;
/** What holds for longer than an hour is a reserve for all day, not a pace. */
const PACE_WITHIN_MS = 3_600_000;
/** A key forced again so soon after its last forced answer is answered by that one. */
const COOL_DOWN_MS = 2_000;

/**
 * Settles the lines of a job about which no supplier is asked: those whose keys were answered a moment ago, and those over their
 * caller's share, which fail with the moment from which they will not. A loop of forced refreshes leaves the budget to others.
 * @returns the states of the lines settled, by line
 */
export async function settleUnasked(deps: UnaskedDeps, job: StoredJob): Promise<ReadonlyMap<number, JobLineState>> {
  const waiting = job.lines.filter((line) => line.state === 'WAITING');
  const settled = await answerFromLast(deps, job.id, waiting);
  const unsettled = waiting.filter(({ line }) => !settled.has(line));
  const names = new Set(unsettled.map(({ supplier }) => supplier));
  if (names.size === 0) return settled;
  const asked = await askedBy(deps.db, job, job.requestedAt - MINUTE_MS);
  for (const name of names) {
    const supplier = deps.suppliers.find(({ id }) => id === name);
    if (supplier === undefined) continue;
    const before = asked.filter((one) => one.supplier === name);
    const own = unsettled.filter((line) => line.supplier === name).map(({ line }) => line);
    const refused = own.slice(linesLeft(supplier, before));
    const retryAt = MINUTE_MS + Math.min(job.requestedAt, ...before.map(({ requestedAt }) => requestedAt));
    await refuseJobLines(deps.db, job.id, refused, retryAt);
    for (const line of refused) settled.set(line, 'FAILED');
  }
  return settled;
}

/** One caller's calls to a supplier in a minute; at least one. */
export function forcedCallsEachMinute({ connection: { profile, authentication } }: ConnectedSupplier): number {
  const tokens = authentication.kind === 'clientCredentials' ? [authentication.callClass] : [];
  const paces = profile.limits
    .filter(({ counts }) => counts === 'all' || counts.some((callClass) => !tokens.includes(callClass)))
    .flatMap(({ windows }) => windows)
    .filter(({ windowMs }) => windowMs > 0 && windowMs <= PACE_WITHIN_MS)
    .map(({ limit, windowMs }) => (limit * profile.share * MINUTE_MS) / windowMs);
  return paces.length === 0 ? Infinity : Math.max(1, Math.floor(Math.min(...paces) * FORCED_SHARE));
}

/** Lines of one job share bulk calls. */
function linesLeft(supplier: ConnectedSupplier, asked: readonly AskedLines[]): number {
  const keysInCall = supplier.connection.profile.bulkStockKeys ?? 1;
  const calls = asked.reduce((sum, { lines }) => sum + Math.ceil(lines / keysInCall), 0);
  return Math.max(0, forcedCallsEachMinute(supplier) - calls) * keysInCall;
}

async function answerFromLast(
  { db, cache, clock }: UnaskedDeps,
  job: string,
  lines: readonly JobLine[],
): Promise<Map<number, JobLineState>> {
  const settled = new Map<number, JobLineState>();
  const since = clock.now() - COOL_DOWN_MS;
  const forced = await answeredSince(
    db,
    lines.map(({ offerId }) => offerId),
    since,
  );
  const again = lines.filter(({ offerId }) => forced.has(offerId));
  const answers = await cache.getMany(again.map((line) => cacheKey(line.supplier, line.supplierPartNumber)));
  for (const [index, { line, offerId }] of again.entries()) {
    const answer = answers[index];
    if (answer === undefined || answer.observedAt <= since || answer.observedAt < (forced.get(offerId) ?? 0)) continue;
    const state = answer.isListed ? 'REFRESHED' : 'NOT_LISTED';
    await saveJobLine(db, job, { line, state, reason: null, retryAt: null });
    settled.set(line, state);
  }
  return settled;
}
