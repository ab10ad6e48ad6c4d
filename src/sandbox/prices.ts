import { createRandom, type SeededRandom } from './random.ts';

/** An amount as it is sent: `"12.50"`, `12.5`, `"$1,099.99"`; `"0.00"` and null mean that there is no such price. */
export type WireAmount = string | number | null;

export interface WirePrices {
  readonly cost: WireAmount;
  readonly jobber: WireAmount;
  readonly map: WireAmount;
  readonly retail: WireAmount;
  readonly core: WireAmount;
}

export interface PriceRow extends WirePrices {
  readonly id: string;
  readonly updated_at: string;
  readonly currency: string;
}

export const PRICE_FIELDS = ['cost', 'jobber', 'map', 'retail', 'core'] as const;

/** Draws prices with the dirt of real lists: zero and null for none, float noise, dollar signs and thousands' commas. */
export function generatePriceRows(ids: readonly string[], seed: number, updatedAt: string): PriceRow[] {
  const random = createRandom(seed);
  return ids.map((id) => ({ id, updated_at: updatedAt, currency: 'GBP', ...drawPrices(random) }));
}

function drawPrices(random: SeededRandom): WirePrices {
  const retail = Math.exp(Math.log(1.5) + random.next() ** 1.5 * Math.log(1_500));
  const isUnpriced = random.chance(0.04);
  // A slip that real lists have: cost above the price it is sold for.
  const costShare = random.chance(0.001) ? 1.2 : 0.5 + random.next() * 0.15;
  return {
    cost: isUnpriced ? '0.00' : amount(retail * costShare, random),
    jobber: random.chance(0.2) ? null : amount(retail * 0.75, random),
    map: random.chance(0.3) ? amount(retail * 0.9, random) : random.pick([null, '0.00', '']),
    retail: isUnpriced ? null : retailAmount(retail, random),
    core: random.chance(0.1) ? amount(5 + random.below(60), random) : random.pick([null, '0.00']),
  };
}

function amount(value: number, random: SeededRandom): WireAmount {
  const form = random.next();
  if (form < 0.9) return value.toFixed(2);
  return form < 0.97 ? Math.round(value * 100) / 100 : value;
}

function retailAmount(value: number, random: SeededRandom): WireAmount {
  if (value < 1_000 && random.chance(0.95)) return amount(value, random);
  const [whole = '0', pence = '00'] = value.toFixed(2).split('.');
  return `$${whole.replace(/\B(?=(?:\d{3})+$)/g, ',')}.${pence}`;
}
