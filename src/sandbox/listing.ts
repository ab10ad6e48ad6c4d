import type { Clock } from '../domain/clock.ts';

/** A list that is walked by page number, whole or only what changed. */
export interface Listing<Row extends Listed> {
  get(id: string): Row | undefined;
  /** Puts the row in the place of the one with its id, stamped as changed now (always later than it was). */
  change(row: Row): void;
  /** @returns null where the frozen delta that `asOf` names is no longer kept: walk it again from page 1 */
  page(ask: ListingAsk): ListingPage<Row> | null;
}

export interface Listed {
  readonly id: string;
  readonly updated_at: string;
}

export interface ListingAsk {
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  /** Only rows changed at or after this moment, epoch ms; null for all rows. */
  readonly changedSince: number | null;
  /** From page 1 of the same delta; null there. */
  readonly asOf: string | null;
}

export interface ListingPage<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
  /** Set on the pages of a delta. */
  readonly asOf: string | null;
}

/** Deltas being walked at the same time, for one list. */
const MAX_KEPT_DELTAS = 20;

export function createListing<Row extends Listed>(
  first: readonly Row[],
  isRemoved: (id: string) => boolean,
  clock: Clock,
): Listing<Row> {
  const rows = new Map(first.map((row) => [row.id, row]));
  const keptDeltas = new Map<string, readonly string[]>();
  let newest = 0;

  const change = (row: Row): void => {
    const before = rows.get(row.id);
    const stamp = Math.max(clock.now(), before === undefined ? 0 : Date.parse(before.updated_at) + 1);
    newest = Math.max(newest, stamp);
    rows.set(row.id, { ...row, updated_at: new Date(stamp).toISOString() });
  };

  /**
   * A delta is frozen on its first page: which rows it has, in which order. Otherwise a row that changes again during the walk
   * would leave it, every row behind would move up by one, and the first row of the next page would never be sent.
   */
  const freeze = (changedSince: number): { asOf: string; ids: readonly string[] } => {
    const changed = [...rows.values()].filter(
      (row) => !isRemoved(row.id) && Date.parse(row.updated_at) >= changedSince,
    );
    changed.sort((a, b) => compare(a.updated_at, b.updated_at) || compare(a.id, b.id));
    let until = Math.max(clock.now(), newest);
    while (keptDeltas.has(deltaKey(changedSince, isoTime(until)))) until += 1;
    const ids = changed.map((row) => row.id);
    keptDeltas.set(deltaKey(changedSince, isoTime(until)), ids);
    dropOldest(keptDeltas);
    return { asOf: isoTime(until), ids };
  };

  const deltaPage = (ask: ListingAsk, changedSince: number): ListingPage<Row> | null => {
    const ids = ask.asOf === null ? undefined : keptDeltas.get(deltaKey(changedSince, ask.asOf));
    if (ask.asOf !== null && ids === undefined) return null;
    const delta = ids === undefined || ask.asOf === null ? freeze(changedSince) : { asOf: ask.asOf, ids };
    const sent = slicePage(delta.ids, ask).flatMap((id) => (isRemoved(id) ? [] : (rows.get(id) ?? [])));
    return { rows: sent, total: delta.ids.length, asOf: delta.asOf };
  };

  const page = (ask: ListingAsk): ListingPage<Row> | null => {
    if (ask.changedSince !== null) return deltaPage(ask, ask.changedSince);
    const all = [...rows.values()].filter((row) => !isRemoved(row.id));
    return { rows: slicePage(all, ask), total: all.length, asOf: null };
  };

  return { get: (id) => (isRemoved(id) ? undefined : rows.get(id)), change, page };
}

function deltaKey(changedSince: number, asOf: string): string {
  return `${changedSince}|${asOf}`;
}

function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function slicePage<T>(list: readonly T[], ask: ListingAsk): readonly T[] {
  return list.slice((ask.page - 1) * ask.pageSize, ask.page * ask.pageSize);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function dropOldest(kept: Map<string, unknown>): void {
  for (const key of kept.keys()) {
    if (kept.size <= MAX_KEPT_DELTAS) return;
    kept.delete(key);
  }
}
