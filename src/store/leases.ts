import type { Database, Queryable } from './database.ts';

/**
 * The right to do something for a time. The fence grows by one at each take: whoever writes under a lease asserts its fence
 * in the same transaction, so a holder that slept past its time cannot write over its successor.
 */
export interface Lease {
  readonly name: string;
  readonly fence: number;
}

/** Another holds the lease by now; what was about to be written is rolled back. */
export class LeaseLost extends Error {
  constructor(name: string) {
    super(`The lease "${name}" was taken over by another process; this one stops without writing.`);
    this.name = 'LeaseLost';
  }
}

/**
 * Takes a lease that is free or past its time. Also the same owner gets null while it is held.
 * @param now epoch milliseconds
 * @returns null where another holds it
 */
export async function takeLease(
  db: Database,
  name: string,
  owner: string,
  now: number,
  forMs: number,
): Promise<Lease | null> {
  // On its own, not in the transaction: two takers would each hold a shared lock on the row and wait for the other's.
  await db.knex('leases').insert({ name, owner: null, fence: 0, held_until: 0 }).onConflict('name').ignore();
  return db.transaction(async (t) => {
    const taken = await t
      .knex('leases')
      .where({ name })
      .andWhere('held_until', '<=', now)
      .update({ owner, fence: t.knex.raw('fence + 1'), held_until: now + forMs });
    if (taken === 0) return null;
    const [row] = await t.knex<{ name: string; fence: number }>('leases').where({ name }).select('fence');
    return row === undefined ? null : { name, fence: row.fence };
  });
}

/** @returns false where another has taken it since */
export async function renewLease(db: Queryable, lease: Lease, now: number, forMs: number): Promise<boolean> {
  const { name, fence } = lease;
  return (
    (await db
      .knex('leases')
      .where({ name, fence })
      .update({ held_until: now + forMs })) === 1
  );
}

/** Gives a lease back before its time; does nothing where another has it by now. */
export async function releaseLease(db: Queryable, lease: Lease): Promise<void> {
  const { name, fence } = lease;
  await db.knex('leases').where({ name, fence }).update({ owner: null, held_until: 0 });
}

/**
 * For the transaction of whatever is written under the lease: locks the lease's row, so that nobody takes it before the commit.
 * A write and not a read, because SQLite has no FOR UPDATE. Both databases count the rows matched, not the rows changed.
 * @throws LeaseLost where another has taken it since
 */
export async function assertFence(t: Queryable, lease: Lease): Promise<void> {
  const { name, fence } = lease;
  if ((await t.knex('leases').where({ name, fence }).update({ fence })) !== 1) throw new LeaseLost(name);
}

/** Names of the leases held at `now` whose name begins with `prefix`. */
export async function readHeldLeases(db: Queryable, prefix: string, now: number): Promise<string[]> {
  const rows = await db
    .knex<{ name: string }>('leases')
    .where('held_until', '>', now)
    .andWhere('name', '>=', prefix)
    .andWhere('name', '<', `${prefix}\u{10ffff}`)
    .select('name');
  return rows.map((row) => row.name);
}

/**
 * A lease that all share who name the same owner: joins it where it is theirs, free or past its time.
 * @returns false where another owner holds it
 */
export async function joinLease(
  db: Queryable,
  name: string,
  owner: string,
  now: number,
  forMs: number,
): Promise<boolean> {
  await db.knex('leases').insert({ name, owner: null, fence: 0, held_until: 0 }).onConflict('name').ignore();
  const joined = await db
    .knex('leases')
    .where({ name })
    .andWhere((held) => void held.where({ owner }).orWhere('held_until', '<=', now))
    .update({ owner, held_until: now + forMs });
  return joined === 1;
}

/** Ends a shared lease before its time and keeps its owner's name; does nothing where another has it by now. */
export async function leaveLease(db: Queryable, name: string, owner: string): Promise<void> {
  await db.knex('leases').where({ name, owner }).update({ held_until: 0 });
}

/** @returns null where nobody ever held it */
export async function readLease(
  db: Queryable,
  name: string,
): Promise<{ readonly owner: string; readonly heldUntil: number } | null> {
  const [row] = await db
    .knex<{ name: string; owner: string | null; held_until: number | string }>('leases')
    .where({ name })
    .select('owner', 'held_until');
  const owner = row?.owner ?? null;
  return row === undefined || owner === null ? null : { owner, heldUntil: Number(row.held_until) };
}
