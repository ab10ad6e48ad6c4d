import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Lane } from '../domain/lane.ts';
import type { CallClass, Penalty, Profile } from '../domain/profile.ts';
import type { Strike, StrikeBook } from '../store/strikes.ts';
import type { SupplierConnection } from './supplier-call.ts';
import { ADDRESS, counts, durationInWords, limitOwner } from './windows.ts';

/** How near a supplier's penalty is. Times in epoch ms. */
export interface StrikesLeft {
  readonly limitName: string;
  readonly windowMs: number;
  /** How many bring the penalty. */
  readonly strikes: number;
  readonly left: number;
  /** When the oldest that counts is forgotten; null where there is none. */
  readonly oldestUntil: number | null;
  /** Until when only checkout may call, so near is the penalty; null where every lane may. */
  readonly onlyCheckoutUntil: number | null;
}

/** Why a call is not made although its windows have room. */
export interface StrikeRefusal {
  readonly message: string;
  readonly retryAt: number;
}

export interface Strikes {
  /** Reads the book anew where what is known is older than ten seconds. Never rejects. */
  refresh(supplier: string): Promise<void>;
  /** By what is known. Near a penalty only `checkout` is let through; after many unexplained refusals no background lane. */
  refusal(connection: SupplierConnection, callClass: CallClass, lane: Lane): StrikeRefusal | null;
  left(connection: SupplierConnection): StrikesLeft[];
  /** Books a strike. @returns false where its window had one already */
  add(strike: Strike): Promise<boolean>;
}

export interface StrikesParts {
  readonly book: StrikeBook;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of every new strike; for metrics. */
  readonly onStrike?: (strike: Strike) => void;
}

/** Longer than any penalty's memory that is known of. */
export const STRIKES_KEPT_MS = 90 * 24 * 3_600_000;
const KNOWN_FOR_MS = 10_000;
/** With so many strikes or fewer left before a penalty, only checkout may risk one. */
const LAST_STRIKES = 1;
const DAY_MS = 24 * 3_600_000;
const UNEXPLAINED_WITHIN_MS = 30 * DAY_MS;
const UNEXPLAINED_AT_MOST = 2;
const BACKGROUND_LANES: readonly Lane[] = ['scheduled', 'backfill'];

export function createStrikes({ book, clock, log, onStrike }: StrikesParts): Strikes {
  const known = new Map<string, readonly Strike[]>();
  const readAt = new Map<string, number>();
  const reading = new Map<string, Promise<void>>();
  const read = async (supplier: string): Promise<void> => {
    readAt.set(supplier, clock.now());
    try {
      known.set(supplier, await book.since(supplier, clock.now() - STRIKES_KEPT_MS));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      log.warn({ supplier, code }, 'strikes could not be read');
    }
  };
  return {
    async refresh(supplier) {
      const underWay = reading.get(supplier);
      if (underWay !== undefined) return underWay;
      const last = readAt.get(supplier);
      if (last !== undefined && clock.now() - last < KNOWN_FOR_MS) return;
      const work = read(supplier).finally(() => reading.delete(supplier));
      reading.set(supplier, work);
      return work;
    },
    refusal: (connection, callClass, lane) =>
      refusalOf(known.get(connection.supplier) ?? [], connection, callClass, lane, clock.now()),
    left: ({ supplier, account, profile }) =>
      profile.penalties.map((penalty) =>
        standingOf(known.get(supplier) ?? [], { account, profile }, penalty, clock.now()),
      ),
    async add(strike) {
      const isNew = await book.add(strike);
      await read(strike.supplier);
      if (isNew) onStrike?.(strike);
      return isNew;
    },
  };
}

interface Struck {
  readonly account: string;
  readonly profile: Profile;
}

function refusalOf(
  strikes: readonly Strike[],
  connection: SupplierConnection,
  callClass: CallClass,
  lane: Lane,
  now: number,
): StrikeRefusal | null {
  if (lane === 'checkout' || strikes.length === 0) return null;
  const { supplier, profile } = connection;
  for (const penalty of profile.penalties) {
    const isCounted = profile.limits.some((limit) => limit.name === penalty.limit && counts(limit, callClass));
    const { left, onlyCheckoutUntil: until } = standingOf(strikes, connection, penalty, now);
    if (!isCounted || until === null) continue;
    const words = `${penalty.strikes - left} of the ${penalty.strikes} strikes that bring a penalty (limit "${penalty.limit}" per ${durationInWords(penalty.windowMs)})`;
    const message = `${supplier} is called for checkouts alone until ${moment(until)}: its account has ${words}.`;
    return { message, retryAt: until };
  }
  return BACKGROUND_LANES.includes(lane) ? backgroundRefusal(strikes, connection, now) : null;
}

/** Refusals that our count does not explain mean that we do not know the limits: what can wait does, for a day. */
function backgroundRefusal(
  strikes: readonly Strike[],
  { supplier, account }: SupplierConnection,
  now: number,
): StrikeRefusal | null {
  const unexplained = strikes.filter(
    (strike) => !strike.isExplained && strike.at > now - UNEXPLAINED_WITHIN_MS && isOf(strike, account),
  );
  const last = unexplained.at(-1);
  if (last === undefined || unexplained.length <= UNEXPLAINED_AT_MOST || last.at + DAY_MS <= now) return null;
  const retryAt = last.at + DAY_MS;
  const message = `${supplier} refused calls within its limits ${unexplained.length} times in 30 days: no background work until ${moment(retryAt)}.`;
  return { message, retryAt };
}

function standingOf(
  strikes: readonly Strike[],
  { account, profile }: Struck,
  { limit: limitName, windowMs, strikes: most, withinMs }: Penalty,
  now: number,
): StrikesLeft {
  const limit = profile.limits.find(({ name }) => name === limitName);
  const owner = limit === undefined ? account : limitOwner(account, limit);
  const counted = strikes.filter(
    (strike) =>
      strike.limitName === limitName &&
      strike.windowMs === windowMs &&
      strike.account === owner &&
      strike.at > now - withinMs,
  );
  const forgottenAt = (strike: Strike | undefined): number | null => (strike ? strike.at + withinMs : null);
  const left = Math.max(0, most - counted.length);
  // As many as have to be forgotten until more than the last ones are left.
  const tooMany = Math.min(counted.length, counted.length - (most - LAST_STRIKES) + 1);
  return {
    limitName,
    windowMs,
    strikes: most,
    left,
    oldestUntil: forgottenAt(counted[0]),
    onlyCheckoutUntil: tooMany > 0 ? forgottenAt(counted[tooMany - 1]) : null,
  };
}

/** A limit of the address is everybody's. */
function isOf(strike: Strike, account: string): boolean {
  return strike.account === account || strike.account === ADDRESS;
}

function moment(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
