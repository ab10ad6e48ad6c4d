import { Ajv2020, type AnySchemaObject, type ErrorObject } from 'ajv/dist/2020.js';
import { MAX_RAW_LENGTH } from '../domain/observation.ts';

/** What a schema says of a value: the value with its type, or why it is not that. */
export type Checked<T> =
  { readonly value: T; readonly reason: null } | { readonly value: null; readonly reason: string };

export type SchemaCheck<T> = (raw: unknown) => Checked<T>;

/**
 * Compiles a JSON Schema (2020-12) once into a check. The schema names only what is used: suppliers add fields without
 * notice, so further fields are allowed. A `description` in it goes on from "must be " in a reason.
 * A reason says where, what was expected and the kind of what came. It never quotes the value: it may be a price.
 */
export function compileCheck<T>(schema: AnySchemaObject): SchemaCheck<T> {
  const validate = ajv.compile<T>(schema);
  return (raw) => {
    if (validate(raw)) return { value: raw as T, reason: null };
    return { value: null, reason: reasonOf(validate.errors?.[0]) };
  };
}

/** The raw text of a piece of an answer, cut for a dead letter. */
export function rawText(raw: unknown): string {
  const text = typeof raw === 'string' ? raw : JSON.stringify(raw);
  return (text ?? '').slice(0, MAX_RAW_LENGTH);
}

/** `verbose` puts into an error the offending value, whose kind the reason names, and the schema it was held against. */
const ajv = new Ajv2020({ allowUnionTypes: true, verbose: true });

function reasonOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'it does not fit its schema';
  const steps = error.instancePath.split('/').slice(1);
  if (error.keyword === 'required') return `${[...steps, error.params.missingProperty].join('.')} is missing`;
  const where = steps.length === 0 ? 'it' : steps.join('.');
  const described: unknown = error.parentSchema?.description;
  const expected =
    typeof described === 'string' ? `must be ${described}` : (error.message ?? `must be ${error.keyword}`);
  return `${where} ${expected}, found ${kindOf(error.data)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return value.trim() === '' ? 'empty text' : 'text';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
