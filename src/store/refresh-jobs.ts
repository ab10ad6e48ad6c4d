import type { StaleReason } from '../domain/freshness.ts';
import type { OfferId, SupplierId, SupplierPartNumber } from '../domain/identity.ts';
import { inChunks, KEYS_PER_STATEMENT, ROWS_PER_STATEMENT, type Database, type Queryable } from './database.ts';

export type JobState = 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED';
export type JobLineState = 'WAITING' | 'REFRESHED' | 'NOT_LISTED' | 'FAILED';

/** A forced refresh. Times in epoch ms. */
export interface StoredJob {
  readonly id: string;
  readonly caller: string;
  readonly inputDigest: string;
  readonly state: JobState;
  readonly requestedAt: number;
  readonly endedAt: number | null;
  readonly lines: readonly JobLine[];
}

export interface JobLine {
  readonly line: number;
  readonly offerId: OfferId;
  readonly supplier: SupplierId;
  readonly supplierPartNumber: SupplierPartNumber;
  readonly state: JobLineState;
  readonly reason: StaleReason | null;
  readonly retryAt: number | null;
}

export interface NewJob {
  readonly id: string;
  readonly caller: string;
  readonly idempotencyKey: string;
  readonly inputDigest: string;
  readonly requestedAt: number;
  readonly lines: readonly Pick<JobLine, 'offerId' | 'supplier' | 'supplierPartNumber'>[];
}

/** Puts a job in, unless the caller used the key before. @returns the id of the job that has the key now */
export async function insertJob(db: Database, job: NewJob): Promise<string> {
  return db.transaction(async (t) => {
    const row = {
      job_id: job.id,
      caller: job.caller,
      idempotency_key: job.idempotencyKey,
      input_digest: job.inputDigest,
      state: 'QUEUED',
      requested_at: job.requestedAt,
    };
    await t.knex('refresh_jobs').insert(row).onConflict(['caller', 'idempotency_key']).ignore();
    const kept = await t
      .knex<JobRow>('refresh_jobs')
      .where({ caller: job.caller, idempotency_key: job.idempotencyKey })
      .first('job_id');
    if (kept?.job_id !== job.id) return kept?.job_id ?? job.id;
    const lines = job.lines.map((line, index) => ({
      job_id: job.id,
      line: index,
      offer_id: line.offerId,
      supplier: line.supplier,
      supplier_part_number: line.supplierPartNumber,
      state: 'WAITING',
    }));
    for (const chunk of inChunks(lines, ROWS_PER_STATEMENT)) await t.knex('refresh_job_offers').insert(chunk);
    return job.id;
  });
}

export async function readJob(db: Queryable, id: string): Promise<StoredJob | null> {
  const row = await db.knex<JobRow>('refresh_jobs').where({ job_id: id }).first();
  if (row === undefined) return null;
  const lines = await db.knex<JobLineRow>('refresh_job_offers').where({ job_id: id }).orderBy('line');
  return {
    id: row.job_id,
    caller: row.caller,
    inputDigest: row.input_digest,
    state: row.state,
    requestedAt: Number(row.requested_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    lines: lines.map(jobLine),
  };
}

export interface ClaimedJob {
  readonly id: string;
  readonly caller: string;
}

/** Competitors for one claim; whoever loses to all of them tries again later. */
const CANDIDATES = 5;

/**
 * Takes a job whose owner let it go past its time, else the oldest of the next caller that waits.
 * @param after the caller served last: callers take turns in the order of their names
 */
export async function claimJob(
  db: Queryable,
  owner: string,
  now: number,
  forMs: number,
  after: string,
): Promise<ClaimedJob | null> {
  const jobs = () =>
    db.knex<JobRow>('refresh_jobs').orderBy('requested_at').limit(CANDIDATES).select('job_id', 'caller');
  const letGo = await jobs().where({ state: 'RUNNING' }).where('owned_until', '<', now);
  const caller = await nextCaller(db, after);
  const waiting = caller === null ? [] : await jobs().where({ state: 'QUEUED', caller });
  for (const { job_id: id, caller: whose } of [...letGo, ...waiting]) {
    const claimed = await db
      .knex('refresh_jobs')
      .where({ job_id: id })
      .whereIn('state', ['QUEUED', 'RUNNING'])
      .where((free) => void free.whereNull('owned_until').orWhere('owned_until', '<', now))
      .update({ state: 'RUNNING', owner, owned_until: now + forMs });
    if (claimed === 1) return { id, caller: whose };
  }
  return null;
}

async function nextCaller(db: Queryable, after: string): Promise<string | null> {
  const first = () => db.knex<JobRow>('refresh_jobs').where({ state: 'QUEUED' }).orderBy('caller').first('caller');
  const next = (await first().where('caller', '>', after)) ?? (await first());
  return next?.caller ?? null;
}

/** Lines of one job about one supplier. */
export interface AskedLines {
  readonly supplier: SupplierId;
  readonly requestedAt: number;
  readonly lines: number;
}

/** More than any caller's share of a minute. */
const ASKED_AT_MOST = 5_000;

/** What the caller of a job asked for since a moment beside that job, without what was refused for want of budget. */
export async function askedBy(db: Queryable, job: StoredJob, since: number): Promise<AskedLines[]> {
  const rows = (await db
    .knex('refresh_jobs as j')
    .join('refresh_job_offers as o', 'o.job_id', 'j.job_id')
    .where('j.caller', job.caller)
    .where('j.requested_at', '>', since)
    .whereNot('j.job_id', job.id)
    // What was asked about already counts in any order; what waits, where it came before (of one millisecond, by its id).
    .whereRaw("(o.state <> 'WAITING' OR (j.requested_at, j.job_id) < (?, ?))", [job.requestedAt, job.id])
    .whereRaw("COALESCE(o.reason, '') <> ?", ['BUDGET_EXHAUSTED'])
    .groupBy('j.job_id', 'o.supplier', 'j.requested_at')
    .orderBy('j.requested_at', 'desc')
    .limit(ASKED_AT_MOST)
    .select('o.supplier', 'j.requested_at')
    .count({ line_count: '*' })) as { supplier: string; requested_at: number | string; line_count: number | string }[];
  return rows.map((row) => ({
    supplier: row.supplier,
    requestedAt: Number(row.requested_at),
    lines: Number(row.line_count),
  }));
}

/** @returns false where the job is no longer this owner's */
export async function keepJob(db: Queryable, id: string, owner: string, until: number): Promise<boolean> {
  const kept = await db
    .knex('refresh_jobs')
    .where({ job_id: id, owner, state: 'RUNNING' })
    .update({ owned_until: until });
  return kept === 1;
}

export async function saveJobLine(
  db: Queryable,
  id: string,
  line: Omit<JobLine, 'offerId' | 'supplier' | 'supplierPartNumber'>,
): Promise<void> {
  await db
    .knex('refresh_job_offers')
    .where({ job_id: id, line: line.line })
    .update({ state: line.state, reason: line.reason, retry_at: line.retryAt });
}

/** No job that ended a moment ago was asked for longer ago. */
const JOB_AT_MOST_MS = 60_000;

/** Offers that a job which ended since a moment had answered, with when that job was asked for; epoch ms. */
export async function answeredSince(
  db: Queryable,
  offers: readonly OfferId[],
  endedSince: number,
): Promise<ReadonlyMap<OfferId, number>> {
  const requested = new Map<OfferId, number>();
  for (const some of inChunks(offers, KEYS_PER_STATEMENT)) {
    const rows = (await db
      .knex('refresh_jobs as j')
      .join('refresh_job_offers as o', 'o.job_id', 'j.job_id')
      .whereIn('j.state', ['DONE', 'FAILED'])
      .where('j.requested_at', '>', endedSince - JOB_AT_MOST_MS)
      .where('j.ended_at', '>', endedSince)
      .whereIn('o.offer_id', some)
      .whereIn('o.state', ['REFRESHED', 'NOT_LISTED'])
      .select('o.offer_id', 'j.requested_at')) as { offer_id: OfferId; requested_at: number | string }[];
    for (const row of rows) {
      requested.set(row.offer_id, Math.max(requested.get(row.offer_id) ?? 0, Number(row.requested_at)));
    }
  }
  return requested;
}

/** Ends lines that wait for want of budget, without a word to the supplier. */
export async function refuseJobLines(
  db: Queryable,
  id: string,
  lines: readonly number[],
  retryAt: number,
): Promise<void> {
  for (const some of inChunks(lines, ROWS_PER_STATEMENT)) {
    await db
      .knex('refresh_job_offers')
      .where({ job_id: id })
      .whereIn('line', some)
      .update({ state: 'FAILED', reason: 'BUDGET_EXHAUSTED', retry_at: retryAt });
  }
}

export async function endJob(
  db: Queryable,
  id: string,
  owner: string,
  state: 'DONE' | 'FAILED',
  endedAt: number,
): Promise<void> {
  await db
    .knex('refresh_jobs')
    .where({ job_id: id, owner })
    .update({ state, ended_at: endedAt, owner: null, owned_until: null });
}

/** Removes jobs that ended before the moment given. */
export async function pruneJobs(db: Database, endedBefore: number): Promise<void> {
  await db.transaction(async (t) => {
    const rows = await t.knex<JobRow>('refresh_jobs').where('ended_at', '<', endedBefore).limit(500).select('job_id');
    const ids = rows.map((row) => row.job_id);
    await t.knex('refresh_job_offers').whereIn('job_id', ids).delete();
    await t.knex('refresh_jobs').whereIn('job_id', ids).delete();
  });
}

interface JobRow {
  job_id: string;
  caller: string;
  idempotency_key: string;
  input_digest: string;
  state: JobState;
  requested_at: number | string;
  ended_at: number | string | null;
  owned_until: number | string | null;
}

interface JobLineRow {
  job_id: string;
  line: number;
  offer_id: string;
  supplier: string;
  supplier_part_number: string;
  state: JobLineState;
  reason: StaleReason | null;
  retry_at: number | string | null;
}

function jobLine(row: JobLineRow): JobLine {
  return {
    line: row.line,
    offerId: row.offer_id,
    supplier: row.supplier,
    supplierPartNumber: row.supplier_part_number,
    state: row.state,
    reason: row.reason,
    retryAt: row.retry_at === null ? null : Number(row.retry_at),
  };
}
