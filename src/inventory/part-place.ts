import { GatewayError } from '../domain/gateway-error.ts';
import { DERIVED_ID_PATTERN, identityForm, type PartId } from '../domain/identity.ts';
import type { Part } from '../domain/part.ts';

/** Where a part stands in the walk over all parts: by brand, then number, then id. */
export interface PartPlace {
  readonly brandForm: string;
  readonly numberForm: string;
  readonly partId: PartId;
}

const SEPARATOR = '\u001f';

export function placeOf(part: Part): string {
  return [identityForm(part.brand), identityForm(part.partNumber), part.id].join(SEPARATOR);
}

/** @throws GatewayError BAD_USER_INPUT where the text is no place */
export function placeAfter(cursor: string | null): PartPlace | null {
  if (cursor === null) return null;
  const [brandForm, numberForm, partId, ...more] = cursor.split(SEPARATOR);
  if (
    brandForm === undefined ||
    numberForm === undefined ||
    !DERIVED_ID_PATTERN.test(partId ?? '') ||
    more.length > 0
  ) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      'The cursor in `after` is not one of `parts`: take it from `pageInfo.endCursor` or an edge.',
    );
  }
  return { brandForm, numberForm, partId: partId ?? '' };
}
