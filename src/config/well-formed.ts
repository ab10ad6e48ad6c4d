import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv';

/** Tells what of an object from a file has the shape it must have, and says a sentence about the rest. */
export type WellFormed = (value: unknown, place: string, faults: string[]) => Readonly<Record<string, unknown>>;

/**
 * @param schema JSON Schema 2020-12 of an object
 * @returns a function that adds each fault and gives back the fields without one, so that these can be looked at further
 */
export function wellFormedBy(schema: object): WellFormed {
  const validate = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true }).compile(schema);
  return (value, place, faults) => {
    validate(value);
    const errors = validate.errors ?? [];
    faults.push(...errors.map((error) => sentence(error, place)));
    const faulty = new Set(errors.map(({ instancePath }) => instancePath.split('/')[1]));
    return Object.fromEntries(Object.entries(Object(value) as object).filter(([field]) => !faulty.has(field)));
  };
}

/** `suppliers.turn14.share must be <= 1` */
function sentence(error: ErrorObject, place: string): string {
  const where = [place, ...error.instancePath.slice(1).split('/')].filter((name) => name !== '').join('.');
  const what = where === '' ? 'the file' : where;
  if (error.keyword === 'additionalProperties') {
    return `${what} has an unknown field "${String(error.params['additionalProperty'])}"`;
  }
  if (error.keyword === 'required') return `${what} lacks "${String(error.params['missingProperty'])}"`;
  if (error.keyword === 'enum') return `${what} must be one of ${String(error.params['allowedValues'])}`;
  const wanted: unknown = error.keyword === 'pattern' ? error.parentSchema?.['description'] : undefined;
  return `${what} ${typeof wanted === 'string' ? `must be ${wanted}` : (error.message ?? 'is not valid')}`;
}
