import fc from 'fast-check';
import { offerId } from '../../src/domain/identity.ts';
import { compareFactTime } from '../../src/domain/observation.ts';
import type { FactTime, Observation } from '../../src/domain/observation.ts';
import type { Quantity } from '../../src/domain/quantity.ts';
import { atLeast, exactly, UNKNOWN_QUANTITY } from '../../src/domain/quantity.ts';
import type { Queryable } from '../../src/store/database.ts';
import { readOffers } from '../../src/store/offers.ts';
import { readPrices } from '../../src/store/prices.ts';

/** Few of everything, so that observations meet: keys, locations, accounts, versions, moments. */
export const KEYS = ['007', '14E4289', 'b', 'B'];
const LOCATIONS = ['01', 'HATFIELD', 'x'];
export const ACCOUNTS = ['shop', 'branch'];

/** Further ahead than any clock: recorded as of `observedAt`. */
const FUTURE = 10_000_000;

const anyTime: fc.Arbitrary<FactTime> = fc.record({
  version: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 1, arbitrary: fc.integer({ min: FUTURE, max: FUTURE + 2 }) },
  ),
  observedAt: fc.integer({ min: 101, max: 104 }),
  sourceAsOf: fc.constantFrom(null, 50, 60),
});

const anyQuantity: fc.Arbitrary<Quantity> = fc.oneof(
  fc.integer({ min: -1, max: 3 }).map(exactly),
  fc.constantFrom<Quantity>(atLeast(2), UNKNOWN_QUANTITY, { quality: 'specialOrder' }),
);

const anyLevels = fc
  .uniqueArray(fc.constantFrom(...LOCATIONS), { maxLength: 3 })
  .chain((locations) =>
    fc.tuple(...locations.map((location) => anyQuantity.map((quantity) => ({ location, quantity })))),
  );

const anyPrices = fc
  .uniqueArray(fc.constantFrom('cost' as const, 'map' as const, 'core' as const), { maxLength: 3 })
  .chain((kinds) =>
    fc.tuple(
      ...kinds.map((kind) =>
        fc.constantFrom('1.00', '143.25', '0.0001').map((amount) => ({ kind, price: { amount, currency: 'USD' } })),
      ),
    ),
  );

const PLAIN_CATALOG = {
  kind: 'catalog',
  brand: 'Lucas',
  partNumber: '128-100',
  title: null,
  discontinued: false,
  supersededBy: null,
} as const;

/** What one supplier says of one of its parts, of any kind and at any time. */
export function anyObservation(supplier: string): fc.Arbitrary<Observation> {
  const said = { supplier: fc.constant(supplier), supplierPartNumber: fc.constantFrom(...KEYS), time: anyTime };
  return fc.oneof(
    { weight: 2, arbitrary: anyCatalog(said) },
    {
      weight: 5,
      arbitrary: fc.record({ ...said, kind: fc.constant('stock'), levels: anyLevels, complete: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ ...said, kind: fc.constant('absence') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        ...said,
        kind: fc.constant('price'),
        account: fc.constantFrom(...ACCOUNTS),
        prices: anyPrices,
      }),
    },
  );
}

function anyCatalog(said: {
  supplier: fc.Arbitrary<string>;
  supplierPartNumber: fc.Arbitrary<string>;
  time: fc.Arbitrary<FactTime>;
}): fc.Arbitrary<Observation> {
  return fc.record({
    ...said,
    kind: fc.constant('catalog'),
    brand: fc.constantFrom('Lucas', 'LUCAS'),
    partNumber: fc.constantFrom('128-100', '128100'),
    title: fc.constantFrom(null, 'REAR PINION BRG'),
    packQuantity: fc.constantFrom(1, 10),
    discontinued: fc.boolean(),
    supersededBy: fc.constantFrom(null, 'USE 152770'),
  });
}

/**
 * The same observation from a supplier that gives each version one value: whoever says it, and however often. No absences: they
 * have no version of their own.
 */
export function withOneValueAVersion(observation: Observation): Observation | null {
  const { supplier, supplierPartNumber, time } = observation;
  const { version, observedAt } = placed(time);
  switch (observation.kind) {
    case 'absence':
      return null;
    case 'stock': {
      const levels = LOCATIONS.map((location, n) => ({ location, quantity: exactly((version * 7 + n * 3) % 4) }));
      return { ...observation, levels: observation.complete ? levels : levels.slice(0, 1 + (observedAt % 3)) };
    }
    case 'catalog':
      return { ...PLAIN_CATALOG, supplier, supplierPartNumber, time, packQuantity: version };
    case 'price':
      return { ...observation, prices: [{ kind: 'cost', price: { amount: `${version}.00`, currency: 'USD' } }] };
  }
}

/** The order in which the supplier said them; a stable sort, so that equal times stay as they come. */
export function inOrder(observations: readonly Observation[]): Observation[] {
  return [...observations].sort((a, b) => compareFactTime(placed(a.time), placed(b.time)));
}

/** A version from the future counts as of when it was asked for. */
function placed(time: FactTime): FactTime {
  return time.version >= FUTURE ? { ...time, version: time.observedAt } : time;
}

/** What the gateway knows of one offer, without ids and names, so that two suppliers can be compared. */
export interface FactsOfOffer {
  readonly key: string;
  readonly offer: unknown;
  readonly levels: Record<string, Quantity>;
  readonly row: unknown;
  readonly lists: unknown;
  readonly prices: unknown;
}

/** Everything the gateway would answer about the supplier's offers. */
export async function factsOfSupplier(db: Queryable, supplier: string): Promise<FactsOfOffer[]> {
  const ids = KEYS.map((key) => offerId(supplier, key));
  const offers = await readOffers(db, ids);
  const rows = (await db
    .knex('offers')
    .where({ supplier })
    .select('supplier_part_number', 'catalog_version', 'catalog_observed_at', 'catalog_source_as_of', 'brand')
    .select('part_number', 'absent_version', 'absent_observed_at', 'absent_source_as_of')) as Row[];
  const lists = (await db.knex('price_lists').whereIn('offer_id', ids).orderBy('account')) as Row[];
  const prices = await Promise.all(ACCOUNTS.map((account) => readPrices(db, ids, account)));
  return KEYS.map((key) => {
    const id = offerId(supplier, key);
    const offer = offers.get(id);
    return {
      key,
      offer: withoutIds(offer),
      levels: Object.fromEntries((offer?.levels ?? []).map(({ location, quantity }) => [location, quantity])),
      row: rows.filter((row) => row['supplier_part_number'] === key),
      lists: lists.filter((list) => list['offer_id'] === id).map(withoutIds),
      prices: prices
        .flat()
        .filter((price) => price.offerId === id)
        .map(withoutIds),
    };
  });
}

type Row = Record<string, unknown>;

function withoutIds(facts: object | undefined): unknown {
  const names = ['id', 'offerId', 'offer_id', 'supplier'];
  return facts && Object.fromEntries(Object.entries(facts).filter(([name]) => !names.includes(name)));
}

/** The levels by a second, plainer way of reckoning: for each location the latest word on it, complete answers speaking of all. */
export function expectedLevels(said: readonly Observation[], key: string): Record<string, Quantity> {
  const ofKey = said.filter((observation) => observation.supplierPartNumber === key);
  const stock = ofKey.filter((observation) => observation.kind === 'stock');
  const absentAt = Math.max(-1, ...ofKey.flatMap(({ kind, time }) => (kind === 'absence' ? [time.observedAt] : [])));
  const locations = [...new Set(stock.flatMap(({ levels }) => levels.map(({ location }) => location)))].sort();
  const levels: Record<string, Quantity> = {};
  for (const location of locations) {
    const words = stock.flatMap(({ levels: named, complete, time }) => {
      const level = named.find((one) => one.location === location);
      if (level === undefined && !complete) return [];
      return [{ time: placed(time), quantity: level?.quantity ?? UNKNOWN_QUANTITY }];
    });
    words.sort((a, b) => compareFactTime(b.time, a.time) || rank(a.quantity) - rank(b.quantity));
    const [latest] = words;
    if (latest !== undefined)
      levels[location] = absentAt >= latest.time.observedAt ? UNKNOWN_QUANTITY : latest.quantity;
  }
  return levels;
}

/** Unknown, then special order, then by number; a count before "at least" as much. */
function rank(quantity: Quantity): number {
  if (quantity.quality === 'unknown') return -1_000;
  if (quantity.quality === 'specialOrder') return -999;
  return quantity.value * 2 + (quantity.quality === 'atLeast' ? 1 : 0);
}
