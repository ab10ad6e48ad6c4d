import type { Observation, Rejection } from '../domain/observation.ts';
import type { SupplierPartNumber } from '../domain/identity.ts';
import { CallFailed } from '../outbound/supplier-call.ts';
import type { Answered, Asker } from './connector.ts';
import { rawText, type Checked } from './schema-check.ts';

/** What every connector does with an answer, whatever it says. */

/** Parts what can be recorded from what becomes a dead letter. */
export function sorted(said: readonly (Observation | Rejection)[]): Answered {
  return {
    observations: said.filter((one) => 'kind' in one),
    rejections: said.filter((one): one is Rejection => !('kind' in one)),
  };
}

/** @throws CallFailed `broken` where the answer as a whole is not what was asked for */
export function readOrFail<T>(ask: Asker, path: string, { value, reason }: Checked<T>, raw: unknown): T {
  if (value === null) throw unusable(ask, `the answer to ${path} cannot be read: ${reason}`, raw);
  return value;
}

/**
 * @param what goes on from the supplier's name
 * @param raw what came, for the dead letter; null where nothing did
 */
export function unusable(ask: Asker, what: string, raw: unknown): CallFailed {
  return new CallFailed('broken', `${ask.supplier}: ${what}.`, { raw: raw === null ? null : rawText(raw) });
}

/** The record's own number where it has a readable one under `id`. */
export function idOf(raw: unknown): SupplierPartNumber | null {
  if (typeof raw !== 'object' || raw === null || !('id' in raw)) return null;
  const { id } = raw;
  return typeof id === 'string' && id !== '' && id.length <= 128 ? id : null;
}

/** Blanks at the ends are slips; what is blank altogether says nothing. */
export function textOrNull(text: string | null | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}
