import fc from 'fast-check';

/** Damage to one place of a JSON body. */
export interface Damage {
  readonly path: readonly (string | number)[];
  /** What stands there afterwards; undefined deletes it. */
  readonly value: unknown;
}

/** Any one place, leaf, branch or the whole, replaced by anything a broken supplier may send. */
export function mutation(body: unknown): fc.Arbitrary<Damage> {
  const value = fc.oneof(
    fc.constant(undefined),
    fc.constantFrom<unknown>(null, '', ' ', 'x', '25+', '0', '-1', '1e400', true, false, {}, [], [{}], [null]),
    fc.string(),
    fc.integer(),
    fc.constantFrom(0, -0, -3, 0.5, 1e15, 1e300),
    fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
  );
  return fc.record({ path: fc.constantFrom(...placesIn(body), []), value });
}

/** A damaged copy, as JSON would carry it. */
export function mutate(body: unknown, { path, value }: Damage): unknown {
  if (path.length === 0) return value ?? null;
  const copy = structuredClone(body);
  const field = path.at(-1)!;
  const holder = path.slice(0, -1).reduce((at, step) => (at as Record<string | number, unknown>)[step], copy);
  if (value === undefined && Array.isArray(holder)) holder.splice(Number(field), 1);
  else if (value === undefined) delete (holder as Record<string | number, unknown>)[field];
  else (holder as Record<string | number, unknown>)[field] = structuredClone(value);
  return JSON.parse(JSON.stringify(copy));
}

/** How many zeros, as numbers or text, the body holds about a part: in objects that bear its number, or under its number. */
export function zerosSaidOf(body: unknown, partNumber: string): number {
  if (typeof body !== 'object' || body === null) return 0;
  if (Object.values(body).includes(partNumber)) return zerosIn(body);
  const entries = Object.entries(body);
  return entries.reduce(
    (sum, [field, value]) => sum + (field === partNumber ? zerosIn(value) : zerosSaidOf(value, partNumber)),
    0,
  );
}

function zerosIn(value: unknown): number {
  if (typeof value === 'number') return value === 0 ? 1 : 0;
  if (typeof value === 'string') return /^-?[0,]*0(?:\.0+)?$/.test(value.trim()) ? 1 : 0;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, inner) => sum + zerosIn(inner), 0);
}

function placesIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const place = [...path, Array.isArray(value) ? Number(field) : field];
    return [place, ...placesIn(inner, place)];
  });
}
