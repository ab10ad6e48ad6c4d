import type { Cause, StockChange } from '../domain/change.ts';
import type { Clock } from '../domain/clock.ts';
import { offerId } from '../domain/identity.ts';
import type { OfferId } from '../domain/identity.ts';
import type { Observation, ObservationKind, Rejection } from '../domain/observation.ts';
import type { Wake } from '../redis/wake.ts';
import { inChunks } from '../store/database.ts';
import type { Database, Queryable } from '../store/database.ts';
import { insertDeadLetters } from '../store/dead-letters.ts';
import { readLevels } from '../store/stock-levels.ts';
import { appendChanges } from '../store/write-changes.ts';
import {
  doubtStock,
  lockOffers,
  writeAbsences,
  writeCatalog,
  writeSeenByFull,
  writeStockTimes,
} from '../store/write-offers.ts';
import type { StoredOffer } from '../store/write-offers.ts';
import { readPriceLists, writePriceLists } from '../store/write-prices.ts';
import { writeLevels } from '../store/write-stock-levels.ts';
import { factsOf, isOlder, mergeObservation, seenByFullRun } from './merge.ts';
import type { Confirmation, OfferFacts } from './merge.ts';
import { sift } from './sift.ts';
import { isOfNewPart, stockChanges } from './stock-changes.ts';
import type { Draft } from './stock-changes.ts';

/** What was observed, and what brought it. */
export interface Recording {
  readonly cause: Cause;
  readonly confirmation: Confirmation;
  readonly observations: readonly Observation[];
  readonly rejections?: readonly Rejection[];
  /** What the rejections are about; stock where it is left out. One about stock puts its offer in doubt. */
  readonly rejectedKind?: ObservationKind;
  /** Where it is a page of a full run over the stock feed: when the run started, epoch ms. */
  readonly fullStockRunStartedAt?: number;
  /** Asked in each of the transactions: throws where the holder of a lease may no longer write, and rolls that one back. */
  readonly guard?: (t: Queryable) => Promise<void>;
  /**
   * Further writes of the same transaction: a run's progress, a job's result. Throwing rolls everything
   * back. It may run again after a deadlock. Of a recording split in several transactions it is part of the last.
   */
  readonly alongside?: (t: Queryable) => Promise<void>;
}

export interface Recorded {
  /** Offers of which any row was written. */
  readonly written: number;
  /** Offers of which none was. */
  readonly unchanged: number;
  /** Observations older than what is stored. */
  readonly older: number;
  /** Observations with a version from later than they were asked for: taken as of that moment. */
  readonly ahead: number;
  /** In the order of their positions. */
  readonly changes: readonly StockChange[];
}

/** The one way in: the only writer of supplier facts. */
export interface Recorder {
  record(recording: Recording): Promise<Recorded>;
}

export interface RecorderDeps {
  readonly db: Database;
  readonly wake: Wake;
  readonly clock: Clock;
}

/** Observations in one transaction: bounds how long locks are held and how large a statement gets. */
const OBSERVATIONS_PER_TRANSACTION = 1_000;

export function createRecorder({ db, wake, clock }: RecorderDeps): Recorder {
  return {
    async record(recording) {
      const { fit, ahead, rejections, doubted } = sift(recording);
      const batches = inChunks(fit, OBSERVATIONS_PER_TRANSACTION);
      const last = batches.pop() ?? [];
      const recorded: RecordedBatch[] = [];
      for (const batch of batches)
        recorded.push(await db.transaction((t) => recordBatch(t, recording, batch, clock.now())));
      recorded.push(
        await db.transaction(async (t) => {
          const now = clock.now();
          return recordBatch(t, recording, last, now, async () => {
            if (rejections.length > 0) await insertDeadLetters(t, { cause: recording.cause }, rejections, now);
            await doubtStock(t, doubted, now);
            await recording.alongside?.(t);
          });
        }),
      );
      const all = { ...sum(recorded), ahead };
      if (all.changes.length > 0) wake.notify('changes');
      return all;
    },
  };
}

type RecordedBatch = Omit<Recorded, 'ahead'>;

async function recordBatch(
  t: Queryable,
  { cause, confirmation, fullStockRunStartedAt, guard }: Recording,
  observations: readonly Observation[],
  now: number,
  alongside: () => Promise<void> = () => Promise.resolve(),
): Promise<RecordedBatch> {
  const byOffer = groupByOffer(observations);
  const stored = await readUnderLock(t, byOffer, observations);
  let older = 0;
  const drafts = stored.map(({ offer, facts: before }): Draft => {
    let after = before;
    for (const observation of byOffer.get(offer.offerId) ?? []) {
      if (isOlder(after, observation)) older += 1;
      after = mergeObservation(after, observation, confirmation);
      if (observation.kind === 'stock' && fullStockRunStartedAt !== undefined)
        after = seenByFullRun(after, fullStockRunStartedAt);
    }
    return { offer, before, after };
  });
  const moved = drafts.filter(({ before, after }) => after !== before);
  await writeFacts(t, moved);
  await guard?.(t);
  await alongside();
  // Last: from here on every other recording that has changes waits for this one's commit.
  const changes = await appendChanges(
    t,
    (await withLevelsOfNewParts(t, moved)).flatMap((draft) => stockChanges(draft, cause, now)),
  );
  return { written: moved.length, unchanged: drafts.length - moved.length, older, changes };
}

/** A recording about the catalog alone has not read the levels: those of an offer that gets its part are wanted for the feed. */
async function withLevelsOfNewParts(t: Queryable, drafts: readonly Draft[]): Promise<readonly Draft[]> {
  const bare = drafts.filter((draft) => draft.after.levels.size === 0 && isOfNewPart(draft));
  if (bare.length === 0) return drafts;
  const read = await readLevels(
    t,
    bare.map(({ offer }) => offer.offerId),
  );
  return drafts.map((draft) => {
    const levels = read.get(draft.offer.offerId);
    return levels === undefined ? draft : { ...draft, after: { ...draft.after, levels } };
  });
}

/** Sorted by offer id: writers that lock in one order never deadlock. */
function groupByOffer(observations: readonly Observation[]): Map<OfferId, Observation[]> {
  const groups = new Map<OfferId, Observation[]>();
  for (const observation of observations) {
    const id = offerId(observation.supplier, observation.supplierPartNumber);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [observation]);
    else group.push(observation);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function readUnderLock(
  t: Queryable,
  byOffer: ReadonlyMap<OfferId, readonly Observation[]>,
  observations: readonly Observation[],
): Promise<{ offer: StoredOffer; facts: OfferFacts }[]> {
  const keys = [...byOffer].flatMap(([id, [first]]) =>
    first === undefined
      ? []
      : [{ offerId: id, supplier: first.supplier, supplierPartNumber: first.supplierPartNumber }],
  );
  const kinds = new Set(observations.map(({ kind }) => kind));
  const ids = keys.map((key) => key.offerId);
  const offers = await lockOffers(t, keys, kinds.has('catalog'));
  const levels = kinds.has('stock') || kinds.has('absence') ? await readLevels(t, ids) : new Map<OfferId, never>();
  const priceLists = kinds.has('price') ? await readPriceLists(t, ids) : new Map<OfferId, never>();
  return ids.flatMap((id) => {
    const offer = offers.get(id);
    return offer === undefined ? [] : [{ offer, facts: factsOf(offer, levels.get(id), priceLists.get(id)) }];
  });
}

/** Each family in statements of many rows; every list is sorted because the drafts are. */
async function writeFacts(t: Queryable, drafts: readonly Draft[]): Promise<void> {
  const keyed = drafts.map(({ offer: { offerId, supplier, supplierPartNumber }, before, after }) => ({
    key: { offerId, supplier, supplierPartNumber },
    before,
    after,
  }));
  await writeCatalog(
    t,
    keyed.flatMap(({ key, before, after: { catalog } }) =>
      catalog === null || catalog === before.catalog ? [] : [{ ...key, catalog }],
    ),
  );
  await writeStockTimes(
    t,
    keyed.flatMap(({ key, before, after: { stock, seenByFullAt } }) =>
      stock === null || stock === before.stock ? [] : [{ ...key, time: stock, seenByFullAt }],
    ),
  );
  await writeSeenByFull(
    t,
    keyed.flatMap(({ key, before, after: { stock, seenByFullAt } }) =>
      seenByFullAt === null || seenByFullAt === before.seenByFullAt || stock !== before.stock
        ? []
        : [{ ...key, seenByFullAt }],
    ),
  );
  await writeAbsences(
    t,
    keyed.flatMap(({ key, before, after: { absent } }) =>
      absent === null || absent === before.absent ? [] : [{ ...key, time: absent }],
    ),
  );
  await writeLevels(
    t,
    drafts.flatMap(({ before, after }) =>
      replaced(before.levels, after.levels).map((level) => ({ offerId: after.offerId, level })),
    ),
  );
  await writePriceLists(
    t,
    drafts.flatMap(({ before, after }) =>
      replaced(before.priceLists, after.priceLists).map((list) => ({
        offerId: after.offerId,
        list,
        droppedKinds: (before.priceLists.get(list.account)?.prices ?? [])
          .map((price) => price.kind)
          .filter((kind) => !list.prices.some((price) => price.kind === kind)),
      })),
    ),
  );
}

/** Values of `after` that are not those of `before`, in the order of their keys. */
function replaced<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): V[] {
  if (after === before) return [];
  return [...after]
    .filter(([key, value]) => before.get(key) !== value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
}

function sum(recorded: readonly RecordedBatch[]): RecordedBatch {
  const total = (count: (one: RecordedBatch) => number): number => recorded.reduce((all, one) => all + count(one), 0);
  return {
    written: total((one) => one.written),
    unchanged: total((one) => one.unchanged),
    older: total((one) => one.older),
    changes: recorded.flatMap((one) => one.changes),
  };
}
